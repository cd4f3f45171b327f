#pragma once
// How long work reports and how it is stopped. The library prints nothing: the caller hands in a Progress.
#include <string>
#include <vector>

#include "tumble/arrays.hpp"

namespace tumble {

/// How far the poses are settled after one round of the search for them.
struct RoundReport {
    int round = 0;               ///< 1 for the first
    bool search = false;         ///< all orientations were searched afresh in this round
    double held_out_score = 0;   ///< mean log-likelihood ratio of an image, against a model made without it
    double explained = 0;        ///< that score over what a perfect model would have
    double moved = 0;            ///< share of the images whose orientation turned by more than 5 deg
    std::vector<double> shares;  ///< mean posterior share of an image's best pose, of its second, ...; at most 8
    std::size_t atoms = 0;       ///< in the map
    VolumeView map;              ///< from all images, before the round; borrowed for the call
};

/// Receives reports of long work. Called from the thread that called the library, never from its workers.
class Progress {
  public:
    virtual ~Progress() = default;
    /// A stage begins; `name` is short and stable ("search", "restore", "atoms").
    virtual void stage(const std::string& name) = 0;
    /// `fraction` of the present stage is done, in [0, 1].
    virtual void update(double fraction) = 0;
    /// One line worth keeping (figures of an iteration, a decision, a warning).
    virtual void log(const std::string& line) = 0;
    /// A round of the search for poses has ended. By default nothing is made of it.
    virtual void round(const RoundReport&) {}
    /// Polled between batches; true ends the work with Error(ErrorKind::interrupted) after a checkpoint.
    virtual bool cancelled() = 0;
};

/// Reports nowhere and never cancels.
class NoProgress final : public Progress {
  public:
    void stage(const std::string&) override {}
    void update(double) override {}
    void log(const std::string&) override {}
    bool cancelled() override { return false; }
};

}  // namespace tumble
