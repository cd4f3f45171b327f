#pragma once
// What stays fixed while a reconstruction runs, and what every stage of it needs.
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "backend/backend.hpp"
#include "pose/prepared_images.hpp"
#include "reconstruct/run_state.hpp"
#include "reconstruct/working_bands.hpp"
#include "tumble/progress.hpp"
#include "tumble/reconstruct.hpp"

namespace tumble {

/// Reports stages to the caller and keeps the time of each.
class StageClock {
  public:
    StageClock(Progress& progress, std::vector<std::pair<std::string, double>>& times) : progress_(progress), times_(times) {}
    /// Calls work() as the stage `name`. Throws Error(interrupted) where the caller has cancelled.
    template <class Work>
    auto stage(const std::string& name, Work work) {
        const Timer timer{*this, begin(name), std::chrono::steady_clock::now()};
        return work();
    }

  private:
    struct Timer {
        StageClock& clock;
        std::size_t entry;
        std::chrono::steady_clock::time_point start;
        ~Timer() { clock.times_[entry].second += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); }
    };
    /// Number of the stage among the times, made here: the timer's end must not need memory.
    std::size_t begin(const std::string& name);
    Progress& progress_;
    std::vector<std::pair<std::string, double>>& times_;
};

struct Run {
    const ReconstructOptions& options;
    Backend& backend;
    PreparedImages images;
    ResidentImages resident;  // of images
    WorkingBands bands;
    double min_distance_A = 0;
    std::vector<int> half;
    std::string fingerprint;
    Progress& progress;
    StageClock clock;
};

/// Everything that follows from the distance of neighbouring atoms: bands and the least distance of two atoms.
void set_scale(Run& run, double neighbour_A);
/// Writes the checkpoint, if one is wanted.
void save(const Run& run, const RunState& state);
/// Multiplies the images by -1.
void invert(Run& run);

}  // namespace tumble
