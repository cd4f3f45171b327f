#include "app/result_files.hpp"

#include <fmt/format.h>

#include "io/csv.hpp"
#include "io/extxyz.hpp"
#include "io/mmcif.hpp"
#include "io/mrc.hpp"
#include "io/poses_star.hpp"
#include "tumble/build_information.hpp"

namespace tumble::app {

namespace {

void write_map_if_there(const OutputFolder& folder, const std::string& name, const Volume& map) {
    if (map.box > 0) write_map(folder.file(name), map, "tumble " + build_information().version);
}

void write_fsc(const std::string& file, const ShellCorrelation& fsc) {
    write_csv(file, {"frequency_per_A", "unmasked", "masked", "randomised", "corrected", "samples"},
              {fsc.frequency_per_A, fsc.unmasked, fsc.masked, fsc.randomised, fsc.corrected, fsc.samples});
}

void write_poses(const OutputFolder& folder, const ReconstructResult& result, const ResultSource& source) {
    StarPoses star;
    star.pixel_size_A = source.pixel_size_A;
    star.box_px = source.box_px;
    // RELION looks for images from where it is started; a path relative to the STAR file moves with the two
    // of them.
    star.image_file = std::filesystem::proximate(std::filesystem::absolute(source.image_file),
                                                 std::filesystem::absolute(folder.path()))
                          .string();
    for (std::size_t i = 0; i < result.images.size(); i++) {
        const ImageResult& image = result.images[i];
        star.image_numbers.push_back(static_cast<std::int64_t>(i) + 1);
        star.poses.push_back(image.pose);
        star.halves.push_back(image.half);
        star.scores.push_back(image.score);
        star.margins.push_back(image.margin);
        star.rejected.push_back(image.rejected);
    }
    write_poses_star(folder.file("poses.star"), star);
}

}  // namespace

void write_atom_files(const OutputFolder& folder, const Atoms& atoms) {
    write_extxyz(folder.file("atoms.xyz"), atoms);
    write_mmcif(folder.file("atoms.cif"), atoms);
}

void write_result_files(const OutputFolder& folder, const ReconstructResult& result,
                        const ResultSource& source) {
    write_map_if_there(folder, "map.mrc", result.map);
    write_map_if_there(folder, "half1.mrc", result.half1);
    write_map_if_there(folder, "half2.mrc", result.half2);
    write_map_if_there(folder, "mask.mrc", result.mask);
    write_fsc(folder.file("fsc.csv"), result.fsc);
    write_poses(folder, result, source);
    write_atom_files(folder, result.atoms);
}

}  // namespace tumble::app
