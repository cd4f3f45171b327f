#include "io/emd.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "tumble/error.hpp"

namespace tumble {

namespace {

constexpr double allowed_anisotropy = 1e-3;

struct Unit {
    const char* name;
    double length_A;
};
constexpr std::array units = {Unit{"[n_m]", 10},   Unit{"n_m", 10},  Unit{"[nm]", 10},   Unit{"nm", 10},
                              Unit{"[p_m]", 0.01}, Unit{"pm", 0.01}, Unit{"[Å]", 1},     Unit{"Å", 1},
                              Unit{"[A]", 1},      Unit{"A", 1},     Unit{"[u_m]", 1e4}, Unit{"um", 1e4},
                              Unit{"[m]", 1e10},   Unit{"m", 1e10},  Unit{"Angstrom", 1}};

/// "3 x 3".
std::string shape_text(const std::vector<std::int64_t>& shape) {
    std::string text;
    for (const std::int64_t n : shape) text += (text.empty() ? "" : " x ") + std::to_string(n);
    return text;
}

/// 0 for a unit that is no length.
double unit_length_A(const std::string& name) {
    for (const Unit& unit : units)
        if (name == unit.name) return unit.length_A;
    return 0;
}

void mark_as_emd(Hdf5File& file) {
    if (file.has_attribute("/", "version_major")) return;
    file.write_integer("/", "version_major", 0);
    file.write_integer("/", "version_minor", 2);
    for (const char* group : {"data", "microscope", "sample", "user", "comments"}) file.create_group(group);
}

void add_axis(Hdf5File& file, const std::string& dataset, const char* name, const Volume& map) {
    const double step = map.voxel_A > 0 ? map.voxel_A / 10 : 1;
    std::vector<double> positions(static_cast<std::size_t>(map.box));
    for (int i = 0; i < map.box; i++) positions[static_cast<std::size_t>(i)] = (i - map.box / 2) * step;
    file.write(dataset, positions);
    file.write_text(dataset, "name", name);
    file.write_text(dataset, "units", map.voxel_A > 0 ? "[n_m]" : "[px]");
}

void refuse_other_layouts(const Hdf5File& file) {
    if (file.exists("Data/Image"))
        throw bad_input(
            fmt::format("{}: found a Velox EMD file, expected Berkeley's EMD 0.2 (convert it with its own "
                        "program or with rosettasciio)",
                        file.path()));
    if (!file.exists("data"))
        throw bad_input(fmt::format("{}: found no group 'data', expected an EMD 0.2 file", file.path()));
}

bool is_emd_group(const Hdf5File& file, const std::string& group) {
    if (!file.has_attribute(group, "emd_group_type") || !file.exists(group + "/data")) return false;
    if (file.attribute_is_text(group, "emd_group_type"))
        throw bad_input(
            fmt::format("{}: '{}' has the layout of EMD 1.0, expected EMD 0.2", file.path(), group));
    return file.read_integer(group, "emd_group_type") == 1;
}

bool is_cube(const std::vector<std::int64_t>& shape) {
    return shape.size() == 3 && shape[0] == shape[1] && shape[0] == shape[2] && shape[0] > 0;
}

std::string find_map(const Hdf5File& file) {
    std::string found, others;
    for (const std::string& name : file.children("data")) {
        const std::string group = "data/" + name;
        if (!is_emd_group(file, group)) continue;
        const std::vector<std::int64_t> shape = file.shape(group + "/data");
        if (!is_cube(shape)) {
            others += fmt::format(" {} of {}", name, shape_text(shape));
            continue;
        }
        if (!found.empty())
            throw bad_input(fmt::format("{}: found more than one map ({} and {}), expected one or a name",
                                        file.path(), found.substr(5), name));
        found = group;
    }
    if (found.empty())
        throw bad_input(fmt::format("{}: found {}, expected a cubic map of EMD 0.2", file.path(),
                                    others.empty() ? "no data" : "only" + others));
    return found;
}

/// Size of a voxel along one axis in A; 0 where unknown.
double axis_step_A(const Hdf5File& file, const std::string& axis) {
    if (!file.exists(axis) || !file.has_attribute(axis, "units")) return 0;
    const std::vector<double> positions = file.read<double>(axis);
    if (positions.size() < 2) return 0;
    return std::abs(positions[1] - positions[0]) * unit_length_A(file.read_text(axis, "units"));
}

double voxel_size_A(const Hdf5File& file, const std::string& group) {
    const std::array steps = {axis_step_A(file, group + "/dim1"), axis_step_A(file, group + "/dim2"),
                              axis_step_A(file, group + "/dim3")};
    const auto [smallest, largest] = std::minmax_element(steps.begin(), steps.end());
    if (*smallest <= 0) return 0;
    if (*largest > *smallest * (1 + allowed_anisotropy))
        throw bad_input(fmt::format(
            "{}: {}: found voxels of {:.5g} x {:.5g} x {:.5g} A, expected the same size along every axis",
            file.path(), group, steps[2], steps[1], steps[0]));
    return steps[0];
}

}  // namespace

void add_emd_map(Hdf5File& file, const std::string& name, const Volume& map) {
    mark_as_emd(file);
    const std::string group = "data/" + name;
    file.create_group(group);
    file.write_integer(group, "emd_group_type", 1);
    const std::array<std::int64_t, 3> shape = {map.box, map.box, map.box};
    file.write(group + "/data", std::span<const float>(map.values), std::span<const std::int64_t>(shape));
    add_axis(file, group + "/dim1", "z", map);
    add_axis(file, group + "/dim2", "y", map);
    add_axis(file, group + "/dim3", "x", map);
}

void write_emd(const std::string& path, const Volume& map) {
    Hdf5File file = Hdf5File::create(path);
    add_emd_map(file, "map", map);
    file.commit();
}

Volume read_emd_map(const std::string& path, const std::string& name) {
    const Hdf5File file = Hdf5File::open(path);
    refuse_other_layouts(file);
    const std::string group = name.empty() ? find_map(file) : "data/" + name;
    const std::vector<std::int64_t> shape = file.shape(group + "/data");
    if (!is_cube(shape))
        throw bad_input(
            fmt::format("{}: {}: found {} voxels, expected a cubic map", path, group, shape_text(shape)));
    Volume map;
    map.box = static_cast<int>(shape[0]);
    map.voxel_A = voxel_size_A(file, group);
    map.values = file.read<float>(group + "/data");
    return map;
}

}  // namespace tumble
