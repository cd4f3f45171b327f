#pragma once
// A reconstruction one step at a time, for programs that look in, draw their own progress, stop and go on.
#include <memory>
#include <string>
#include <vector>

#include "tumble/image_pose.hpp"
#include "tumble/reconstruct.hpp"

namespace tumble {

/// Kinds of steps, in the order in which they come.
enum class ReconstructionStage {
    start,   ///< the first poses: given, from a reference, or from nothing
    rounds,  ///< a round of the search for the poses; a blind start that explains too little is followed by another
    halves,  ///< a round of the refinement of the half sets, each apart
    finish,  ///< half maps, map, atoms and verdict
    done
};
/// "start", "rounds", "halves", "finish" or "done".
const char* name_of(ReconstructionStage stage);

/// Gives, step by step, what reconstruct() gives at once, bit for bit. One thread at a time.
class ReconstructionSteps {
  public:
    /// Checks the options and prepares the images, which are borrowed for the call alone; with options.resume the steps of the
    /// checkpoint are not done again. Throws what reconstruct() throws for its input.
    ReconstructionSteps(StackView images, const ReconstructOptions& options, Progress& progress);
    ReconstructionSteps(ReconstructionSteps&&) noexcept;
    ReconstructionSteps& operator=(ReconstructionSteps&&) noexcept;
    ~ReconstructionSteps();

    /// Does one step; false when none is left. Where it throws, interrupted or not, everything is as before the step, and it can
    /// be done again. Writes options.checkpoint_file, if there is one, as reconstruct() does.
    bool step(Progress& progress);
    /// Kind of the step that was done last; start where none was.
    ReconstructionStage stage() const;

    /// Rounds of the search done in the present attempt.
    int rounds_done() const;
    /// Share of the images that turned by more than 5 deg in the last round.
    double moved() const;
    /// Held-out score of the last round over what a perfect model would have.
    double explained() const;
    /// Every pose that an image may have, with its posterior share; images in order, the best pose of each first. Empty before
    /// the first step.
    std::vector<WeightedPose> poses() const;
    /// Map of the last round from all images, on the working box; box 0 before the first round.
    const Volume& map() const;

    /// Writes a checkpoint of the steps done so far, from which a run with the same images and options resumes. Throws
    /// Error(system) where it cannot be written, Error(input) where this build has no HDF5.
    void save(const std::string& file) const;

    /// Moves the result out, once step() has returned false. Throws Error(input) before that, and a second time.
    ReconstructResult take_result();

    struct State;
    explicit ReconstructionSteps(std::unique_ptr<State> state);

  private:
    std::unique_ptr<State> state_;
};

}  // namespace tumble
