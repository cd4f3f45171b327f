#pragma once
// Poses of images as RELION particle files, 3.0 and 3.1 and later (RELION documentation, "Conventions").
// Frame: RELION's matrix A is our rotation, our shift is minus RELION's origin.
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "io/star.hpp"
#include "tumble/geometry.hpp"

namespace tumble {

/// One row of a particle file.
struct ParticlePose {
    Pose pose;     ///< shift_A = -origin
    int half = 0;  ///< rlnRandomSubset: 1 or 2; 0 unknown
    std::int64_t image_index =
        0;  ///< from 0; the file counts from 1. The row's number where there is no image name
    std::string image_file;  ///< found beside the STAR file, else from the working folder; else as written
    double score = 0;        ///< rlnLogLikeliContribution
    double margin = 0;  ///< tmbMargin: lead of the best orientation over its nearest rival (below 0: overruled by the frames' order), in log-likelihood
    bool rejected = false;  ///< tmbRejected
};

/// Reads orientations, shifts and what else there is. Shifts in pixels (3.0) are turned into A by
/// 1e4 rlnDetectorPixelSize / rlnMagnification, else rlnImagePixelSize of the row or its optics group, else
/// `pixel_size_A` (0: none). Throws bad_input naming file, row and column.
std::vector<ParticlePose> read_poses(const std::filesystem::path& path, double pixel_size_A = 0);

/// The optics group of a written file. RELION demands the last three; tumble corrects no contrast transfer,
/// so they only say that: a lens without aberration.
struct PoseOptics {
    double pixel_size_A = 0;
    std::int64_t image_size = 0;
    double voltage_kV = 300, spherical_aberration_mm = 0, amplitude_contrast = 0.1;
};

/// Writes RELION 3.1: optics and particles, image names relative to the file's folder, 6 decimals; atomic.
/// rlnRandomSubset is left out where every half is 0.
void write_poses(const std::filesystem::path& path, std::span<const ParticlePose> poses,
                 const PoseOptics& optics);

/// A 3.0 particle file as 3.1: optics table made, origins in A, every other column kept verbatim. A file that
/// has an optics table and origins in A comes back as it is. Throws bad_input where the pixel size is not
/// known.
StarFile upgraded_to_relion31(const StarFile& file, const std::string& name, double pixel_size_A,
                              std::int64_t image_size);

}  // namespace tumble
