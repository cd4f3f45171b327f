// The whole, step by step: from the stack to atoms and a verdict. Declarations in include/tumble/reconstruction_steps.hpp.
#include "tumble/reconstruction_steps.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "backend/backend.hpp"
#include "io/element.hpp"
#include "pose/image_preparation.hpp"
#include "reconstruct/checked_options.hpp"
#include "reconstruct/finished_result.hpp"
#include "reconstruct/half_refinement.hpp"
#include "reconstruct/reconstruct_on.hpp"
#include "reconstruct/run.hpp"
#include "reconstruct/run_device.hpp"
#include "reconstruct/settled_poses.hpp"

namespace tumble {
namespace {

constexpr int half_rounds = 2;

/// Halves by blocks of ten images in turn: neighbouring frames look alike and must not sit in both.
std::vector<int> halves_of(std::int64_t images, const ReconstructOptions& options) {
    std::vector<int> half;
    for (std::int64_t i = 0; i < images; i++) half.push_back(1 + static_cast<int>(i / 10 % 2));
    const bool given = !options.halves.empty() && std::count(options.halves.begin(), options.halves.end(), 1) > 0 &&
                       std::count(options.halves.begin(), options.halves.end(), 2) > 0;
    if (given)
        for (std::size_t i = 0; i < half.size(); i++)
            if (options.halves[i] == 1 || options.halves[i] == 2) half[i] = options.halves[i];
    return half;
}

void run_half_round(Run& run, RunState& state) {
    HalfRefinementOptions options;
    options.low_per_A = run.bands.low;
    options.high_per_A = run.bands.polish_high;
    options.shift_sigma_A = state.shift_sigma_A;
    options.min_distance_A = run.min_distance_A;
    for (int half = 1; half <= 2; half++) {
        std::vector<PoseCandidate> mine;
        for (const auto& c : best_poses(state.poses))
            if (run.half[static_cast<std::size_t>(c.image)] == half) mine.push_back(c);
        refine_half(run.resident, mine, options, run.backend, run.progress);
        for (const auto& c : mine) {
            auto& p = state.poses[static_cast<std::size_t>(c.image)];
            p.candidates = {c};
            p.shares = {1.0};
        }
        run.progress.update(0.5 * half);
        if (run.progress.cancelled()) throw Error(ErrorKind::interrupted, "interrupted between the halves");
    }
    state.half_rounds_done++;
}

/// Hands reports on to whoever called last, and keeps the map of the last round.
class CallersProgress final : public Progress {
  public:
    void stage(const std::string& name) override { caller->stage(name); }
    void update(double fraction) override { caller->update(fraction); }
    void log(const std::string& line) override { caller->log(line); }
    void round(const RoundReport& report) override {
        last_map.box = report.map.box;
        last_map.values.assign(report.map.data, report.map.data + report.map.size());
        caller->round(report);
    }
    bool cancelled() override { return caller->cancelled(); }

    Progress* caller = nullptr;
    Volume last_map;
};

}  // namespace

struct ReconstructionSteps::State {
    State(Backend made, StackView stack, const ReconstructOptions& given, Progress& caller);

    ReconstructOptions options;
    Backend backend;
    CallersProgress progress;
    std::vector<std::pair<std::string, double>> time_s;
    Run run;
    RunState settled;
    int stack_box;
    ReconstructionStage stage = ReconstructionStage::start;
    std::optional<ReconstructResult> result;
};

ReconstructionSteps::State::State(Backend made, StackView stack, const ReconstructOptions& given, Progress& caller)
    : options(given), backend(std::move(made)), run{options, backend, {}, {}, {}, 0, halves_of(stack.images, options), {}, progress, StageClock(progress, time_s)},
      stack_box(static_cast<int>(stack.width)) {
    progress.caller = &caller;
    run.fingerprint = input_fingerprint(stack, options);
    settled.neighbour_A = find_element(options.elements.front()).nearest_neighbour_A;
    if (options.resume) settled = load_checkpoint(options.checkpoint_file, run.fingerprint);
    set_scale(run, settled.neighbour_A);
    run.clock.stage("prepare", [&] {
        const ImagePreparationOptions preparation{options.pixel_size_A, options.diameter_A, options.contrast == Contrast::dark_atoms ? -1.0 : 1.0};
        run.resident = backend.prepare(stack, preparation, run.images, progress);
        if (settled.contrast_inverted) invert(run);
    });
    progress.last_map.voxel_A = run.images.pixel_size_A;
    progress.log(fmt::format("particle radius {:.2f} A, mask radius {:.2f} A, working box {} px", run.images.particle_radius_A, run.images.mask_radius_A,
                             run.images.box));
    if (options.diameter_A > 0) return;
    ReconstructOptions measured = options;
    measured.diameter_A = 2 * run.images.particle_radius_A;
    progress.log("plan: with that radius, " + run_cost(stack.images, stack.width, measured, backend.pool().size(), backend.device()));
}

namespace {

/// Does the step that comes next and says of which kind it was.
ReconstructionStage next_step(ReconstructionSteps::State& s) {
    const bool starts = s.settled.rounds_done < 0;
    const int attempt = s.settled.attempt;
    if (settle_step(s.run, s.settled)) return starts || s.settled.attempt > attempt ? ReconstructionStage::start : ReconstructionStage::rounds;
    if ((s.options.poses.empty() || s.options.polish) && s.settled.half_rounds_done < half_rounds) {
        s.run.clock.stage("refine halves", [&] { run_half_round(s.run, s.settled); });
        save(s.run, s.settled);
        return ReconstructionStage::halves;
    }
    s.result = finished_result(s.run, s.settled, s.stack_box);
    return ReconstructionStage::finish;
}

}  // namespace

const char* name_of(ReconstructionStage stage) {
    switch (stage) {
        case ReconstructionStage::start:
            return "start";
        case ReconstructionStage::rounds:
            return "rounds";
        case ReconstructionStage::halves:
            return "halves";
        case ReconstructionStage::finish:
            return "finish";
        case ReconstructionStage::done:
            break;
    }
    return "done";
}

ReconstructionSteps steps_on(Backend backend, StackView images, const ReconstructOptions& options, Progress& progress) {
    check_options(images.images, images.height, images.width, options);
    if (options.resume && options.checkpoint_file.empty()) throw bad_input("a run is to be resumed, but no checkpoint is named: expected its file");
    return ReconstructionSteps(std::make_unique<ReconstructionSteps::State>(std::move(backend), images, options, progress));
}

ReconstructionSteps::ReconstructionSteps(std::unique_ptr<State> state) : state_(std::move(state)) {}
ReconstructionSteps::ReconstructionSteps(ReconstructionSteps&&) noexcept = default;
ReconstructionSteps& ReconstructionSteps::operator=(ReconstructionSteps&&) noexcept = default;
ReconstructionSteps::~ReconstructionSteps() = default;

bool ReconstructionSteps::step(Progress& progress) {
    State& s = *state_;
    if (s.stage == ReconstructionStage::done) return false;
    s.progress.caller = &progress;
    const RunState before = s.settled;
    try {
        s.stage = next_step(s);
    } catch (...) {
        if (s.settled.contrast_inverted != before.contrast_inverted) invert(s.run);
        s.settled = before;
        throw;
    }
    if (s.stage == ReconstructionStage::finish) s.stage = ReconstructionStage::done;
    return s.stage != ReconstructionStage::done;
}

ReconstructionStage ReconstructionSteps::stage() const { return state_->stage; }
int ReconstructionSteps::rounds_done() const { return std::max(0, state_->settled.rounds_done); }
double ReconstructionSteps::moved() const { return state_->settled.moved; }
double ReconstructionSteps::explained() const { return state_->settled.explained; }
std::vector<WeightedPose> ReconstructionSteps::poses() const { return weighted_poses(state_->settled.poses); }
const Volume& ReconstructionSteps::map() const { return state_->progress.last_map; }
void ReconstructionSteps::save(const std::string& file) const { save_checkpoint(file, state_->run.fingerprint, state_->settled); }

ReconstructResult ReconstructionSteps::take_result() {
    if (!state_->result) throw bad_input(state_->stage == ReconstructionStage::done ? "the result has been taken: expected to be asked for once"
                                                                                    : "steps are left: expected to be asked for the result after the last");
    ReconstructResult out = std::move(*state_->result);
    state_->result.reset();
    out.time_s = state_->time_s;
    return out;
}

}  // namespace tumble
