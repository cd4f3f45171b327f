#include "app/run_file.hpp"

#include <array>
#include <filesystem>
#include <vector>

#include "app/version_line.hpp"
#include "io/element.hpp"
#include "io/emd.hpp"
#include "io/hdf5_file.hpp"

namespace tumble::app {

namespace {

void write_table(Hdf5File& file, const std::string& name, const std::vector<double>& values,
                 std::vector<std::int64_t> columns) {
    std::int64_t width = 1;
    for (const std::int64_t n : columns) width *= n;
    columns.insert(columns.begin(), static_cast<std::int64_t>(values.size()) / width);
    file.write(name, std::span<const double>(values), std::span<const std::int64_t>(columns));
}

void write_image_results(Hdf5File& file, const std::vector<ImageResult>& images) {
    std::vector<double> rotation, shift_A, score, margin;
    std::vector<std::int64_t> half;
    std::vector<std::uint8_t> rejected;
    for (const ImageResult& image : images) {
        rotation.insert(rotation.end(), image.pose.rotation.m.begin(), image.pose.rotation.m.end());
        shift_A.insert(shift_A.end(), {image.pose.shift_A.x, image.pose.shift_A.y});
        score.push_back(image.score);
        margin.push_back(image.margin);
        half.push_back(image.half);
        rejected.push_back(image.rejected ? 1 : 0);
    }
    write_table(file, "poses/rotation", rotation, {3, 3});
    write_table(file, "poses/shift_A", shift_A, {2});
    file.write("poses/score", score);
    file.write("poses/margin", margin);
    file.write("poses/half", half);
    file.write("poses/rejected", rejected);
}

void write_atoms(Hdf5File& file, const Atoms& atoms) {
    std::vector<double> position_A, sigma_A, height, width_A, half_distance_A;
    std::vector<std::int64_t> number;
    for (const Atom& atom : atoms) {
        position_A.insert(position_A.end(), {atom.position_A.x, atom.position_A.y, atom.position_A.z});
        sigma_A.insert(sigma_A.end(), {atom.sigma_A.x, atom.sigma_A.y, atom.sigma_A.z});
        height.push_back(atom.height);
        width_A.push_back(atom.width_A);
        half_distance_A.push_back(atom.half_distance_A);
        number.push_back(find_element(atom.element).number);
    }
    file.write("atoms/atomic_number", number);
    write_table(file, "atoms/position_A", position_A, {3});
    write_table(file, "atoms/sigma_A", sigma_A, {3});
    file.write("atoms/height", height);
    file.write("atoms/width_A", width_A);
    file.write("atoms/half_distance_A", half_distance_A);
}

}  // namespace

void write_run_file(const std::string& path, const ReconstructResult& result, const std::string& summary) {
    Hdf5File file = Hdf5File::create(path);
    if (std::filesystem::exists(path)) {
        const Hdf5File earlier = Hdf5File::open(path);
        if (earlier.exists("checkpoint")) file.copy_group(earlier, "checkpoint");
    }
    const std::array<std::pair<const char*, const Volume*>, 4> maps = {
        {{"map", &result.map}, {"half1", &result.half1}, {"half2", &result.half2}, {"mask", &result.mask}}};
    for (const auto& [name, map] : maps)
        if (map->box > 0) add_emd_map(file, name, *map);
    write_image_results(file, result.images);
    write_atoms(file, result.atoms);
    file.write_text("/", "tool_version", program_name());
    file.write_text("/", "summary", summary);
    file.commit();
}

}  // namespace tumble::app
