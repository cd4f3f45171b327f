#pragma once
// From a stack of particle images to poses, half maps, a map and atoms with error bars.
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tumble/arrays.hpp"
#include "tumble/atom.hpp"
#include "tumble/error.hpp"
#include "tumble/geometry.hpp"
#include "tumble/progress.hpp"
#include "tumble/shell_correlation.hpp"

namespace tumble {

/// How orientations are searched (docs/stages/search.md).
enum class SearchRule {
    automatic,   ///< the schedule that won
    shc,         ///< stochastic hill climbing: random visiting order, first improvement (Elmlund's rule)
    snhc,        ///< its neighbourhood form
    exhaustive,  ///< best of all
    soft         ///< posterior weights
};

/// Whether atoms are bright in the images. automatic: the sign in which they fit the start better; with given poses the one whose
/// map is positively skewed (docs/conventions.md).
enum class Contrast { automatic, bright_atoms, dark_atoms };

/// Whether image i + 1 follows image i in time. automatic: found from the poses.
enum class FrameOrder { automatic, consecutive, unordered };

/// Without poses and without a reference the start is blind: nothing is known but the images.
struct ReconstructOptions {
    double pixel_size_A = 0;                ///< required
    std::vector<std::string> elements;      ///< symbols of what the particle is made of; the first labels the atoms
    std::vector<Pose> poses;                ///< one an image, or empty
    std::vector<int> halves;                ///< 1 or 2 an image, or empty: blocks of ten images in turn
    bool polish = false;                    ///< with poses: refine them before the final map
    std::optional<Volume> reference;        ///< map to start from; its voxel_A must be set; resampled if needed
    SearchRule search = SearchRule::automatic;
    std::vector<std::string> motifs;        ///< structures that a blind start may propose (see motif_names); empty: all;
                                            ///< "none": no structure, a random ball of atoms
    FrameOrder order = FrameOrder::automatic;
    double max_resolution_A = 0;            ///< finest d-spacing used; 0: found from the data, at most Nyquist
    double diameter_A = 0;                  ///< of the particle; 0: found from the images
    Contrast contrast = Contrast::automatic;
    bool flip_hand = false;                 ///< return the mirror image of the particle
    std::uint64_t seed = 1;
    int threads = 0;                        ///< 0: all cores
    std::string device = "auto";            ///< auto, cpu, cuda, cuda:N, cuda:0,1, cuda:all
    std::string checkpoint_file;            ///< run.h5 to write after each step; empty: none
    bool resume = false;                    ///< continue from checkpoint_file if it fits this input
};

/// What became of one image.
struct ImageResult {
    Pose pose;
    double score = 0;    ///< log-likelihood ratio against an empty image, natural-log units, map made without the image
    double margin = 0;   ///< score less that of the best other pose tried, below 0 where the order of the frames
                         ///< overruled the scores; 0 where no other was tried
    int half = 1;        ///< 1 or 2
    bool rejected = false;
};

enum class VerdictStatus { ok, doubtful, failed };
/// "ok", "doubtful" or "failed".
const char* name_of(VerdictStatus status);
struct Verdict {
    VerdictStatus status = VerdictStatus::ok;
    std::vector<std::string> reasons;  ///< plain sentences; empty when ok
};

/// Work and memory that a run will need, estimated before it starts.
struct ReconstructPlan {
    int box = 0;                    ///< side of the cropped images and maps that the search works on
    std::uint64_t memory_bytes = 0;
    double time_s = 0;
    std::string device;
    std::vector<std::string> lines; ///< the plan as text, one line a fact
};

struct ReconstructResult {
    std::vector<ImageResult> images;    ///< order of the stack
    Volume map;                         ///< restored, atoms positive; box of the images, voxel = pixel
    Volume half1, half2;                ///< unfiltered half maps, same box
    Volume mask;                        ///< soft solvent mask in [0, 1]
    ShellCorrelation fsc;
    Resolution resolution_0143, resolution_05;
    Atoms atoms;                        ///< refined against the images, in the order of the map's peaks
    double atoms_precision_pm = 0;      ///< rms 3D standard error of the atoms from the covariance
    double atoms_half_precision_pm = 0; ///< the same from the two halves; 0 where there are none
    double fit_shift_pm = 0;            ///< rms 3D distance between the atoms after the map fit and after refinement
    Atoms fitted_atoms;                 ///< after the joint fit to the map, before the refinement against the images
    double particle_diameter_A = 0;
    double largest_gap_deg = 0;         ///< half angle of the widest cone of views that was never seen, up to antipodes
    Vec3 largest_gap_axis;              ///< axis of that cone in the particle's frame
    bool contrast_inverted = false;     ///< the images were multiplied by -1
    std::string start;                  ///< what the poses were started from, in words
    double turn_deg = 0;                ///< rms turn from one image to the next; 0 where they are not consecutive
    Verdict verdict;
    std::string device;
    std::vector<std::pair<std::string, double>> time_s;  ///< by stage, in order
    std::uint64_t peak_memory_bytes = 0;
};

/// Names of the structures that a blind start may propose, besides "none".
std::vector<std::string> motif_names();

/// Estimates box, memory and time from the shape of the input. Throws Error(input) for options that cannot work.
ReconstructPlan plan_reconstruction(std::int64_t images, std::int64_t height, std::int64_t width,
                                    const ReconstructOptions& options);

/// Does the whole. `images` is borrowed for the call and not changed; counts or contrast of either sign, raw.
/// The result does not depend on the number of threads; the same seed gives the same result.
/// Throws Error: input (options, blank or constant images), unsupported (no particle found), interrupted (after a
/// checkpoint). Data that do not support a structure are no error: the verdict is then `failed`, with reasons.
/// One call at a time a process may use a given checkpoint_file; otherwise any thread.
ReconstructResult reconstruct(StackView images, const ReconstructOptions& options, Progress& progress);

/// Options of `fit_map_atoms`.
struct MapAtomsOptions {
    std::vector<std::string> elements;
    double min_distance_A = 0;   ///< closest two atoms; 0: 0.75 of the element's nearest-neighbour distance
    double radius_A = 0;         ///< atoms farther from the map's origin are ignored; 0: found from the map
    int threads = 0;
};
/// Atoms of a map alone (the verb `atoms`): detection and joint fit. half1 and half2 may be empty (box 0); with them the
/// half distances are filled in. Throws Error(unsupported) when the map shows no atoms.
Atoms fit_map_atoms(const Volume& map, const Volume& half1, const Volume& half2, const MapAtomsOptions& options,
                    Progress& progress);

}  // namespace tumble
