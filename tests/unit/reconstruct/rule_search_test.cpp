// Every search rule of the reconstruction finds the poses of a small asymmetric particle, whatever the
// threads and batches.
#include <numbers>
#include <string>

#include "catch.hpp"
#include "pose/image_preparation.hpp"
#include "reconstruct/map_estimate.hpp"
#include "reconstruct/rule_search.hpp"
#include "reconstruct/starting_reference.hpp"
#include "simulated_stack.hpp"
#include "tumble/error.hpp"

using namespace tumble;
using namespace tumble::testing;

namespace {

constexpr double five_degrees = 5 * std::numbers::pi / 180;

/// Sixty atoms, images of 48 px, and the map of the true atoms.
struct Problem {
    SimulatedStack simulated;
    PreparedImages images;
    Volume map;
    RuleSearchOptions options;

    Problem(SearchRule rule, int count) {
        const auto atoms = asymmetric_particle(60, 6.5, 2.0, 4);
        simulated = simulated_stack(atoms, count, 48, 0.4, 0.8, 9);
        ThreadPool pool(2);
        NoProgress quiet;
        images = prepare_images(simulated.stack.view(), {0.4, 0, 1}, pool, quiet);
        map = matched_reference(atoms_as_gaussians(atoms, 48, 0.4), images, pool);
        options.rule = rule;
        options.low_per_A = 0.15;
        options.high_per_A = 0.6;
        options.shift_radius_A = 0.36;
    }
    std::vector<PosteriorPoses> search(int threads, std::int64_t batch, Progress& progress) {
        Backend backend = cpu_backend(threads);
        options.batch_images = batch;
        return rule_search(backend.resident(images), scoring_transform(map, backend), options, backend, progress);
    }
    std::vector<PosteriorPoses> search(int threads, std::int64_t batch) {
        NoProgress quiet;
        return search(threads, batch, quiet);
    }
    double share_right(const std::vector<PosteriorPoses>& found) const {
        double right = 0;
        for (std::size_t i = 0; i < found.size(); i++)
            right += angle_between(found[i].candidates.front().pose.rotation, simulated.poses[i].rotation) <
                     five_degrees;
        return right / static_cast<double>(found.size());
    }
};

bool same_bits(const std::vector<PosteriorPoses>& a, const std::vector<PosteriorPoses>& b) {
    bool same = a.size() == b.size();
    for (std::size_t i = 0; same && i < a.size(); i++) {
        same = a[i].shares == b[i].shares && a[i].candidates.size() == b[i].candidates.size();
        for (std::size_t k = 0; same && k < a[i].candidates.size(); k++) {
            const auto &p = a[i].candidates[k], &q = b[i].candidates[k];
            same = p.image == q.image && p.pose == q.pose && p.score == q.score;
        }
    }
    return same;
}

class LineCounter final : public Progress {
  public:
    std::vector<std::string> lines;
    double fraction = 0;
    bool went_back = false;
    void stage(const std::string&) override {}
    void update(double f) override {
        went_back = went_back || f < fraction;
        fraction = f;
    }
    void log(const std::string& line) override { lines.push_back(line); }
    bool cancelled() override { return false; }
};

class Cancelled final : public Progress {
  public:
    void stage(const std::string&) override {}
    void update(double) override {}
    void log(const std::string&) override {}
    bool cancelled() override { return true; }
};

}  // namespace

TEST_CASE("every search rule finds the poses of an asymmetric particle", "[rule_search]") {
    const auto rule = GENERATE(SearchRule::shc, SearchRule::snhc, SearchRule::exhaustive, SearchRule::soft);
    Problem problem(rule, 40);
    LineCounter progress;
    const auto found = problem.search(2, 16, progress);
    INFO("rule " << static_cast<int>(rule));
    for (const auto& line : progress.lines) UNSCOPED_INFO(line);
    REQUIRE(found.size() == 40);
    CHECK(problem.share_right(found) >= 0.9);
    CHECK(progress.fraction == 1);
    CHECK_FALSE(progress.went_back);
    for (std::size_t i = 0; i < found.size(); i++) {
        double sum = 0;
        for (std::size_t k = 0; k < found[i].candidates.size(); k++) {
            sum += found[i].shares[k];
            CHECK(found[i].candidates[k].image == static_cast<std::int64_t>(i));
            CHECK(found[i].candidates[k].score <= found[i].candidates.front().score);
        }
        CHECK(sum == Approx(1));
    }
    if (rule == SearchRule::exhaustive) CHECK(progress.lines.size() == 1);
    if (rule == SearchRule::soft) CHECK(progress.lines.size() == 4);
    if (rule == SearchRule::shc || rule == SearchRule::snhc) CHECK(progress.lines.size() <= 30);
}

TEST_CASE("a search rule gives the same bits for any number of threads and any batch", "[rule_search]") {
    const auto rule = GENERATE(SearchRule::shc, SearchRule::snhc, SearchRule::exhaustive, SearchRule::soft);
    Problem problem(rule, 11);
    problem.options.most_passes = 14;
    const auto expected = problem.search(1, 11);
    INFO("rule " << static_cast<int>(rule));
    for (const std::int64_t batch : {1, 4, 32}) {
        INFO("images a batch: " << batch);
        CHECK(same_bits(problem.search(2, batch), expected));
    }
}

TEST_CASE("hill climbing that may go on until nothing improves ends at the exhaustive pair",
          "[rule_search]") {
    Problem problem(SearchRule::shc, 8);
    problem.options.least_improved = 1e-9;
    problem.options.most_passes = 100;
    const auto climbed = problem.search(2, 8);
    problem.options.rule = SearchRule::exhaustive;
    CHECK(same_bits(climbed, problem.search(2, 8)));
}

TEST_CASE("another seed starts and visits differently", "[rule_search]") {
    Problem problem(SearchRule::shc, 8);
    problem.options.most_passes = 2;
    const auto first = problem.search(2, 8);
    CHECK(same_bits(problem.search(2, 8), first));
    problem.options.seed = 2;
    CHECK_FALSE(same_bits(problem.search(2, 8), first));
}

TEST_CASE("a search rule refuses what it cannot do and stops when asked", "[rule_search]") {
    Problem problem(SearchRule::automatic, 4);
    CHECK_THROWS_AS(problem.search(1, 4), Error);
    problem.options.rule = SearchRule::shc;
    CHECK_THROWS_AS(problem.search(1, 0), Error);
    Cancelled cancelled;
    CHECK_THROWS_AS(problem.search(1, 4, cancelled), Error);
}
