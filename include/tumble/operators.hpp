#pragma once
// The steps of a reconstruction one by one, for programs that bring a search or a schedule of their own.
//
// Everything is made on a Device and computed there; what is made keeps the device's threads and memory alive, so objects may
// die in any order. They are cheap handles: copies share what they stand for. One thread at a time for a device and all that
// was made on it. Results do not depend on the number of threads.
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tumble/arrays.hpp"
#include "tumble/atom.hpp"
#include "tumble/geometry.hpp"
#include "tumble/image_pose.hpp"
#include "tumble/progress.hpp"
#include "tumble/shell_correlation.hpp"

namespace tumble {

/// Where operators compute.
class Device {
  public:
    /// `name`: auto, cpu, cuda, cuda:N, several as in cuda:0,1, or cuda:all; threads 0: all cores. Throws Error(input) for other words and for a device that
    /// cannot be had.
    explicit Device(const std::string& name = "auto", int threads = 0);
    /// "cpu", or "cuda:0".
    const std::string& name() const;

    /// Number of the CUDA device whose memory can be copied from and to; -1: none, on the CPU.
    int memory_device() const;
    /// The stream (a cudaStream_t of that device, which has to live while it is set; null: CUDA's default stream) in whose order
    /// copies are done. Until it is set they are ordered with nothing of the caller's. Throws Error(input) on the CPU.
    void set_stream(void* stream) const;
    /// Callers' arrays between that memory and the host's: begins after what the stream was given before, complete at return.
    /// Throws Error(system).
    void copy_to_host(void* to, const void* from, std::int64_t bytes) const;
    void copy_from_host(void* to, const void* from, std::int64_t bytes) const;

    struct State;
    const std::shared_ptr<State>& state() const { return state_; }

  private:
    std::shared_ptr<State> state_;
};

struct ParticleImagesOptions {
    double pixel_size_A = 0;  ///< required
    double diameter_A = 0;    ///< of the particle; 0: measured
    bool dark_atoms = false;  ///< the images are multiplied by -1
};

/// A stack made ready for scoring: normalised by its background, masked around the particle, cropped to the working box and
/// transformed, with the power of its noise measured outside the particle (docs/stages/preparation.md).
class ParticleImages {
  public:
    /// `stack` is borrowed for the call: what is needed of it is kept. Throws Error(input) for constant images, values that are
    /// no numbers and boxes below 16 px.
    ParticleImages(const Device& device, StackView stack, const ParticleImagesOptions& options, Progress& progress);

    std::int64_t count() const;
    int box() const;  ///< side of the cropped images, pixels, even
    double pixel_size_A() const;
    double particle_radius_A() const;
    double mask_radius_A() const;
    const Device& device() const { return device_; }

    struct State;
    const std::shared_ptr<const State>& state() const { return state_; }

  private:
    Device device_;
    std::shared_ptr<const State> state_;
};

/// A density, on any grid, as a reference for these images: resampled to their box and pixel, each Fourier shell scaled so that
/// its slices have the power of the images' signal. map.voxel_A must be set. Throws Error(input) for a constant map.
Volume matched_map(const ParticleImages& images, const Volume& map);

/// A map's padded transform, from which central slices are taken with a gridding window (docs/stages/central_slices.md).
class MapTransform {
  public:
    /// Throws Error(input) for an empty map. The map is not kept.
    MapTransform(const Device& device, const Volume& map);

    double voxel_A() const { return voxel_A_; }
    const Device& device() const { return device_; }

    struct State;
    const std::shared_ptr<const State>& state() const { return state_; }

  private:
    Device device_;
    double voxel_A_;
    std::shared_ptr<const State> state_;
};

/// out[(r * frequencies + f) * 2 + (0: re, 1: im)] = F(R_r^T (kx, ky, 0)): the origin-centred, unnormalised transform of the
/// map's projection along the beam at orientation R_r. `frequencies` in cycles per pixel; beyond 0.5 the slice is 0.
void central_slices(const MapTransform& map, std::span<const Mat3> rotations, std::span<const Vec2> frequencies, float* out);

/// In which band poses are scored, and what is known of the centring.
struct ScoringOptions {
    double low_per_A = 0;
    double high_per_A = std::numeric_limits<double>::infinity();
    double shift_sigma_A = 0;  ///< standard deviation of the centring error on each axis, a prior of the shift; 0: none
};

/// The operators below take maps whose voxels are as large as the images' pixels, and candidates of existing images, and throw
/// Error(input) for others.
///
/// Sets the score of each candidate as it stands (docs/stages/scoring.md).
void score_poses(const ParticleImages& images, const MapTransform& map, const ScoringOptions& options, std::span<PoseCandidate> candidates);
/// Moves each candidate to a local maximum of its score by at most `steps` damped Gauss-Newton steps in orientation and shift;
/// never lowers a score.
void polish_poses(const ParticleImages& images, const MapTransform& map, const ScoringOptions& options, int steps, std::span<PoseCandidate> candidates);
/// The same for the shift alone.
void search_shifts(const ParticleImages& images, const MapTransform& map, const ScoringOptions& options, int steps, std::span<PoseCandidate> candidates);

struct OrientationSearchOptions {
    double low_per_A = 0.3, high_per_A = 0.74;  ///< a coarse grid can follow no finer fringes than its own spacing
    double shift_radius_A = 0.72, shift_step_A = 0.36;
    std::uint64_t seed = 1;  ///< turns the grid of directions; 0 leaves it unturned
};

/// What one image did in a pass of hill climbing.
struct ClimbedPose {
    PoseCandidate candidate;   ///< its score is the grid's, without a prior of the shift
    std::int64_t visited = 0;  ///< candidates that were looked at, one by one
    bool improved = false;     ///< false: none was better, and this is the best of all
};

struct ClimbOptions {
    double neighbourhood = 1;  ///< share of the views that are visited, those nearest to the present one; 1: all
    std::uint64_t seed = 1;    ///< of the visiting order, with the number of the image and the pass
    std::uint32_t pass = 0;
};

/// All orientations and shifts of a grid, scored in batches (docs/stages/search.md).
class OrientationSearch {
  public:
    /// Directions and rings as close as the particle's size and the band ask for.
    OrientationSearch(const ParticleImages& images, const MapTransform& map, const OrientationSearchOptions& options);

    std::int64_t views() const;   ///< directions of the whole sphere
    std::int64_t shifts() const;  ///< tried at each
    int angles() const;           ///< in-plane angles of a score curve

    /// One pass of stochastic hill climbing: each image visits the candidates (view, shift) in random order and takes the first
    /// that scores above present[i].score, else the best of all (Elmlund & Elmlund, J. Struct. Biol. 180, 420, 2012). The
    /// present poses matter for a neighbourhood below 1 only. Order of `present`.
    std::vector<ClimbedPose> climb(std::span<const PoseCandidate> present, const ClimbOptions& options) const;
    /// The best candidate of each of the numbered images. The in-plane angle is interpolated between the grid's, the score is not.
    std::vector<PoseCandidate> best(std::span<const std::int64_t> images) const;
    const Device& device() const { return images_.device(); }

    struct State;

  private:
    ParticleImages images_;
    std::shared_ptr<const State> state_;
};

/// Normal equations of a map: images inserted at their poses (docs/stages/insertion_and_restoration.md).
class MapEquations {
  public:
    /// Without any image as yet.
    explicit MapEquations(const ParticleImages& images);
    /// Adds images at weighted poses, from their samples with low <= |k| < high.
    void insert(std::span<const WeightedPose> poses, double low_per_A, double high_per_A);
    /// Adds what the other has, made from the same images; subtracts where `sign` is negative.
    void add(const MapEquations& other, int sign = 1);
    /// Posterior mean of the map inside the particle's mask: the noise is that measured, the prior that of the images' signal
    /// power; zero beyond high_per_A; at most `steps` conjugate-gradient steps. Box and voxel of the prepared images.
    Volume solve(double high_per_A, int steps) const;
    int box() const { return images_.box(); }  ///< of the solution
    const Device& device() const { return images_.device(); }

    struct State;

  private:
    ParticleImages images_;
    std::shared_ptr<State> state_;
};

/// Fourier shell correlation of two half maps, corrected for `mask` (data null: none) by phase randomisation from `seed`.
/// Throws Error(input) for maps of different boxes.
ShellCorrelation correlate_halves(const Device& device, const Volume& half1, const Volume& half2, VolumeView mask, std::uint64_t seed);
/// The resolution where `curve`, followed outward from its strongest shells, stays below `threshold`.
Resolution resolution_of(std::span<const double> frequency_per_A, std::span<const double> curve, double threshold);
/// The map under the Wiener filter 2 FSC / (1 + FSC). Throws Error(input) unless fsc has a value a shell, 0 .. box / 2.
Volume restored_map(const Device& device, const Volume& map, std::span<const double> fsc);
/// Soft mask in [0, 1] found from the map. Throws Error(unsupported) where nothing stands out.
Volume particle_mask(const Device& device, const Volume& map);

/// Maximum-likelihood positions and heights of atoms against the images at their poses, an image counted with its weight; each
/// image at most once. Order and elements of `start`; sigma_A from the covariance. Throws Error(interrupted).
Atoms refine_atoms(const ParticleImages& images, std::span<const WeightedPose> poses, const Atoms& start, Progress& progress);

}  // namespace tumble
