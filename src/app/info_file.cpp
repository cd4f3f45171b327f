#include "app/info_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <vector>

#include "app/file_kind.hpp"
#include "io/emd.hpp"
#include "io/extxyz.hpp"
#include "io/mmcif.hpp"
#include "io/mrc.hpp"
#include "io/pdb.hpp"
#include "io/star.hpp"

namespace tumble::app {

namespace {

std::string line(const std::string& name, const std::string& text) {
    return fmt::format("  {:<12} {}\n", name, text);
}

std::string size_text(double pixel_A) {
    return pixel_A > 0 ? fmt::format("{:.6g} A", pixel_A) : "not known";
}

std::string mode_text(const MrcInfo& info) {
    switch (info.mode) {
        case 0:
            return info.signed_bytes ? "mode 0 (signed bytes)" : "mode 0 (unsigned bytes)";
        case 1:
            return "mode 1 (16-bit integers)";
        case 2:
            return "mode 2 (float32)";
        case 6:
            return "mode 6 (16-bit integers without sign)";
        case 12:
            return "mode 12 (float16)";
        default:
            return "mode 101 (4-bit integers)";
    }
}

std::string describe_mrc(const NamedFile& file) {
    const MrcInfo info = read_mrc_info(file.path);
    std::string text;
    if (info.is_volume)
        text = fmt::format("{}: MRC map of {} x {} x {} voxels\n", file.path, info.nx, info.ny, info.nz);
    else
        text = fmt::format("{}: MRC stack of {} images of {} x {} pixels\n", file.path, info.nz, info.nx,
                           info.ny);
    text += line(info.is_volume ? "voxel size" : "pixel size", size_text(info.pixel_size_A));
    text += line("values", fmt::format("{}, {} endian{}", mode_text(info), info.swapped ? "big" : "little",
                                       file.gzip ? ", compressed with gzip" : ""));
    if (info.maximum >= info.minimum)
        text += line("range", fmt::format("{:.6g} to {:.6g} (as the header says)", info.minimum, info.maximum));
    if (!info.label.empty()) text += line("label", info.label);
    for (const std::string& note : info.notes) text += line("note", note);
    return text;
}

std::string describe_star(const NamedFile& file) {
    const StarFile star = read_star(file.path);
    std::string text = fmt::format("{}: STAR file, {} tables\n", file.path, star.tables.size());
    for (const StarTable& table : star.tables) {
        std::string columns;
        for (const std::string& column : table.columns) columns += (columns.empty() ? "" : " ") + column;
        text += line("data_" + table.name, fmt::format("{} rows: {}", table.rows.size(), columns));
    }
    const bool optics = star.find("optics") != nullptr;
    const bool poses = std::any_of(star.tables.begin(), star.tables.end(), [](const StarTable& table) {
        return table.column("rlnAngleRot").has_value();
    });
    if (poses) text += line("poses", optics ? "as RELION 3.1" : "as RELION 3.0");
    return text;
}

double nearest_distance_A(const Atoms& atoms, std::size_t of) {
    double nearest = HUGE_VAL;
    for (std::size_t i = 0; i < atoms.size(); i++)
        if (i != of) nearest = std::min(nearest, length(atoms[i].position_A - atoms[of].position_A));
    return nearest;
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

std::string describe_atoms(const NamedFile& file) {
    const Atoms atoms = file.kind == FileKind::xyz   ? read_extxyz(file.path).atoms
                        : file.kind == FileKind::cif ? read_mmcif(file.path)
                                                     : read_pdb(file.path);
    std::string text = fmt::format("{}: {} atoms\n", file.path, atoms.size());
    if (atoms.empty()) return text;
    std::map<std::string, std::size_t> elements;
    Vec3 low = atoms.front().position_A, high = low;
    std::vector<double> sigma_pm, distance_A;
    for (std::size_t i = 0; i < atoms.size(); i++) {
        const Vec3 p = atoms[i].position_A;
        elements[atoms[i].element]++;
        low = {std::min(low.x, p.x), std::min(low.y, p.y), std::min(low.z, p.z)};
        high = {std::max(high.x, p.x), std::max(high.y, p.y), std::max(high.z, p.z)};
        sigma_pm.push_back(100 * sigma_per_axis_A(atoms[i]));
        if (atoms.size() > 1 && i % (1 + atoms.size() / 2000) == 0) distance_A.push_back(nearest_distance_A(atoms, i));
    }
    std::string list;
    for (const auto& [symbol, count] : elements)
        list += fmt::format("{}{} {}", list.empty() ? "" : ", ", count, symbol);
    text += line("elements", list);
    text += line("extent", fmt::format("{:.2f} x {:.2f} x {:.2f} A", high.x - low.x, high.y - low.y, high.z - low.z));
    if (!distance_A.empty())
        text += line("neighbours", fmt::format("{:.3f} A to the nearest (median)", median(distance_A)));
    if (median(sigma_pm) > 0)
        text += line("error", fmt::format("{:.2f} pm standard error on an axis (median)", median(sigma_pm)));
    return text;
}

std::string describe_map_of(const Hdf5File& file, const std::string& name) {
    const std::vector<std::int64_t> shape = file.shape("data/" + name + "/data");
    std::string size;
    for (const std::int64_t n : shape) size += (size.empty() ? "" : " x ") + std::to_string(n);
    return size;
}

std::string describe_hdf5(const NamedFile& named) {
    const Hdf5File file = Hdf5File::open(named.path);
    const bool emd = file.has_attribute("/", "version_major") && file.exists("data");
    std::string text = fmt::format("{}: HDF5 file{}\n", named.path, emd ? ", maps as EMD 0.2" : "");
    if (emd)
        for (const std::string& name : file.children("data"))
            if (file.exists("data/" + name + "/data")) text += line("map", name + ", " + describe_map_of(file, name));
    for (const char* group : {"checkpoint", "poses", "atoms"})
        if (file.exists(group)) {
            std::string members;
            for (const std::string& member : file.children(group)) members += (members.empty() ? "" : " ") + member;
            text += line(group, members);
        }
    return text;
}

}  // namespace

std::string describe_file(const std::string& path) {
    const NamedFile file = named_file(path);
    if (file.kind == FileKind::mrc) return describe_mrc(file);
    if (file.kind == FileKind::hdf5) return describe_hdf5(file);
    return file.kind == FileKind::star ? describe_star(file) : describe_atoms(file);
}

}  // namespace tumble::app
