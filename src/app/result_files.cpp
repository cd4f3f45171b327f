#include "app/result_files.hpp"

#include "app/version_line.hpp"
#include "io/csv.hpp"
#include "io/extxyz.hpp"
#include "io/mmcif.hpp"
#include "io/mrc.hpp"
#include "io/poses_star.hpp"

namespace tumble::app {

namespace {

void write_map_if_there(const OutputFolder& folder, const std::string& name, const Volume& map) {
    if (map.box > 0) write_map(folder.file(name), map, program_name());
}

void write_fsc(const std::string& file, const ShellCorrelation& fsc) {
    write_csv(file, {{"frequency_per_A", fsc.frequency_per_A},
                     {"unmasked", fsc.unmasked},
                     {"masked", fsc.masked},
                     {"randomised", fsc.randomised},
                     {"corrected", fsc.corrected},
                     {"samples", fsc.samples}});
}

void write_image_results(const std::string& file, const ReconstructResult& result,
                         const ResultSource& source) {
    std::vector<ParticlePose> rows;
    for (const ImageResult& image : result.images) {
        ParticlePose row;
        row.pose = image.pose;
        row.half = image.half;
        row.image_index = static_cast<std::int64_t>(rows.size());
        row.image_file = source.image_file;
        row.score = image.score;
        row.margin = image.margin;
        row.rejected = image.rejected;
        rows.push_back(row);
    }
    PoseOptics optics;
    optics.pixel_size_A = source.pixel_size_A;
    optics.image_size = source.box_px;
    write_poses(file, rows, optics);
}

}  // namespace

void write_atom_files(const OutputFolder& folder, const Atoms& atoms) {
    write_extxyz(folder.file("atoms.xyz"), atoms);
    write_mmcif(folder.file("atoms.cif"), atoms, "atoms found by " + program_name());
}

void write_result_files(const OutputFolder& folder, const ReconstructResult& result,
                        const ResultSource& source) {
    write_map_if_there(folder, "map.mrc", result.map);
    write_map_if_there(folder, "half1.mrc", result.half1);
    write_map_if_there(folder, "half2.mrc", result.half2);
    write_map_if_there(folder, "mask.mrc", result.mask);
    write_fsc(folder.file("fsc.csv"), result.fsc);
    write_image_results(folder.file("poses.star"), result, source);
    write_atom_files(folder, result.atoms);
}

}  // namespace tumble::app
