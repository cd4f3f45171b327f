// The plan: the box that preparation takes, memory that covers what must be held, growth in the right direction.
#include "catch.hpp"
#include "core/threads.hpp"
#include "pose/image_preparation.hpp"
#include "tumble/reconstruct.hpp"

using namespace tumble;

namespace {

ReconstructOptions with_reference() {
    ReconstructOptions options;
    options.pixel_size_A = 0.358;
    options.elements = {"Pt"};
    options.reference = Volume(32, 0.358);
    options.threads = 1;
    return options;
}

}  // namespace

TEST_CASE("the plan takes the box that preparation takes when the diameter is given") {
    ThreadPool pool(1);
    NoProgress quiet;
    ImageStack stack{3, 96, 96, 0.358, {}};
    for (int i = 0; i < 3 * 96 * 96; i++) stack.values.push_back(static_cast<float>(i * 7919 % 101));
    for (const double diameter : {10.0, 15.0, 24.0, 60.0}) {
        ReconstructOptions options = with_reference();
        options.diameter_A = diameter;
        const int prepared = prepare_images(stack.view(), {0.358, diameter, 1}, pool, quiet).box;
        CHECK(plan_reconstruction(3, 96, 96, options).box == prepared);
    }
}

TEST_CASE("memory covers the stack and what is prepared from it, and grows with images and box") {
    const ReconstructOptions options = with_reference();
    const ReconstructPlan plan = plan_reconstruction(1000, 160, 160, options);
    CHECK(plan.memory_bytes > 2ull * 1000 * 160 * 160 * 4);
    CHECK(plan.time_s > 0);
    CHECK(plan.device == "cpu");
    const ReconstructPlan more = plan_reconstruction(4000, 160, 160, options);
    CHECK(more.memory_bytes > plan.memory_bytes + 3000ull * 160 * 160 * 4);
    CHECK(more.time_s > 2 * plan.time_s);
    const ReconstructPlan larger = plan_reconstruction(1000, 320, 320, options);
    CHECK(larger.memory_bytes > 2 * plan.memory_bytes);
    CHECK(larger.box > plan.box);

    ReconstructOptions given = options;
    given.reference.reset();
    given.poses.resize(1000);
    CHECK(plan_reconstruction(1000, 160, 160, given).time_s < plan.time_s);
    const auto says = [&plan](const std::string& word) {
        for (const std::string& line : plan.lines)
            if (line.find(word) != std::string::npos) return true;
        return false;
    };
    CHECK(says("memory"));
    CHECK(says("time"));
    CHECK(says("directions"));
}

TEST_CASE("the plan refuses what cannot work, with a sentence that tells what was found") {
    const auto refused = [](std::int64_t images, std::int64_t height, std::int64_t width, const ReconstructOptions& options,
                            const std::string& words) {
        try {
            plan_reconstruction(images, height, width, options);
            FAIL("not refused: " << words);
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::input);
            CHECK_THAT(error.what(), ContainsSubstring(words));
        }
    };
    const ReconstructOptions good = with_reference();
    refused(1, 64, 64, good, "1 image");
    refused(10, 64, 62, good, "62 x 64");
    refused(10, 12, 12, good, "16");
    ReconstructOptions bad = good;
    bad.elements = {"Xx"};
    refused(10, 64, 64, bad, "Xx");
    bad.elements = {};
    refused(10, 64, 64, bad, "element");
    bad = good;
    bad.pixel_size_A = 0;
    refused(10, 64, 64, bad, "pixel size");
    bad = good;
    bad.poses.resize(9);
    refused(10, 64, 64, bad, "9 poses");
    bad = good;
    bad.motifs = {"cubic"};
    refused(10, 64, 64, bad, "'cubic'");
    bad.motifs = {"fcc", "none"};
    refused(10, 64, 64, bad, "none alone");
}
