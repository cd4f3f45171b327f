// Preparation of the images by every table: means against double sums, transforms and powers against the processor's function.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "catch.hpp"
#include "core/random.hpp"
#include "operations/every_table.hpp"
#include "pose/image_preparation.hpp"
#include "pose/preparation_tables.hpp"
#include "tumble/error.hpp"
#include "unit/reconstruct/simulated_stack.hpp"

using namespace tumble;
using namespace tumble::testing;
using namespace tumble::backend;

namespace {

constexpr double float_rounding = 6e-8;

/// A blob of contrast on a background, with noise.
ImageStack noisy_stack(std::int64_t images, std::int64_t height, std::int64_t width, double background, double noise) {
    ImageStack stack{images, height, width, 0.4, {}};
    RandomStream random(11, 0, RandomPurpose::test);
    for (std::int64_t i = 0; i < images; i++)
        for (std::int64_t y = 0; y < height; y++)
            for (std::int64_t x = 0; x < width; x++) {
                const double r = distance_from_origin(x, y, width, height);
                const double blob = 3 * std::exp(-r * r / 30) * static_cast<double>(i % 3 + 1);
                stack.values.push_back(static_cast<float>(background + noise * (random.normal() + blob)));
            }
    return stack;
}

/// A context of device 0 and what its table makes of a stack.
class Preparing {
  public:
    explicit Preparing(const NamedTable& named) : table_(*named.table) {
        const ContextArguments arguments{0, 2, nullptr, nullptr, 0};
        REQUIRE(table_.context_create(&arguments, &context_) == status_good);
    }
    ~Preparing() {
        for (Images* images : made_) table_.images_destroy(context_, images);
        table_.context_destroy(context_);
    }
    Preparing(const Preparing&) = delete;
    Preparing& operator=(const Preparing&) = delete;

    std::vector<ImageMeans> means(StackView stack, double from_px) {
        std::vector<ImageMeans> out(static_cast<std::size_t>(stack.images));
        const MeansArguments a{stack.data, stack.images, stack.height, stack.width, from_px, reinterpret_cast<double*>(out.data()), memory_host, 0};
        REQUIRE(table_.image_means(context_, &a) == status_good);
        return out;
    }

    struct Made {
        std::vector<FrequencyPoint> points;
        std::vector<Complexf> values;
        std::vector<float> real_space;
        std::vector<double> inside, outside;
        std::int32_t status = status_good;
    };
    /// outside: -1 where the table does not write it.
    const Made& transform(StackView stack, const SettledPreparation& settled) {
        Made& made = *kept_.emplace_back(std::make_unique<Made>());
        made.points = half_plane(settled.box).points;
        made.values.resize(static_cast<std::size_t>(stack.images) * made.points.size());
        made.real_space.resize(static_cast<std::size_t>(stack.images * settled.box * settled.box));
        made.inside.assign(static_cast<std::size_t>(settled.box / 2 + 1), -1);
        made.outside.assign(static_cast<std::size_t>(std::min(stack.height, stack.width) / 2 + 1), -1);
        PreparationArguments a{};
        a.stack = stack.data;
        a.contrast = reinterpret_cast<const double*>(settled.contrast.data());
        a.point_frequencies = reinterpret_cast<const float*>(made.points.data());
        a.images = stack.images;
        a.height = stack.height;
        a.width = stack.width;
        a.points = static_cast<std::int64_t>(made.points.size());
        a.pixel_size_A = settled.pixel_size_A;
        a.particle_radius_A = settled.particle_radius_A;
        a.mask_radius_A = settled.mask_radius_A;
        a.values = reinterpret_cast<float*>(made.values.data());
        a.real_space = made.real_space.data();
        a.inside_power = made.inside.data();
        a.outside_power = made.outside.data();
        a.box = settled.box;
        a.memory = memory_host;
        Images* images = nullptr;
        made.status = table_.images_prepare(context_, &a, &images);
        if (images) made_.push_back(images);
        CHECK((images != nullptr) == (made.status == status_good));
        return made;
    }
    std::string error() const { return table_.error_text(context_); }

  private:
    const Operations& table_;
    Context* context_ = nullptr;
    std::vector<Images*> made_;
    std::vector<std::unique_ptr<Made>> kept_;
};

SettledPreparation settled_for(StackView stack, double mask_radius_A, int box, double factor) {
    SettledPreparation settled{0.4, mask_radius_A - 2.5, mask_radius_A, box, {}};
    ThreadPool pool(1);
    for (const ImageMeans& m : image_means(stack, mask_radius_A / 0.4, pool)) settled.contrast.push_back({m.outside, factor});
    return settled;
}

struct Shape {
    std::int64_t images, height, width;
};

template <class T>
bool same_bits(const T* a, const T* b, std::size_t count) {
    return std::memcmp(a, b, count * sizeof(T)) == 0;
}

/// Sum of squares of an image as it is transformed: the mean square of its frequencies.
double power_of(const std::vector<float>& real_space, std::int64_t image, int box) {
    double sum = 0;
    for (std::int64_t p = 0; p < box * box; p++) sum += std::pow(real_space[static_cast<std::size_t>(image * box * box + p)], 2);
    return sum;
}

}  // namespace

TEST_CASE("means and extremes of images are those of double sums, the pixels inside chosen alike", "[preparation]") {
    // Sums on a device are of two floats: 2^-46 of the magnitudes summed, and roundings of the smaller float, which is some hundred
    // roundings of the larger at most.
    constexpr double tolerance = 1e-11;
    for (const NamedTable& named : every_table()) {
        INFO(named.name);
        Preparing on(named);
        for (const auto& [images, height, width] : {Shape{1, 16, 16}, Shape{5, 37, 50}, Shape{70, 21, 18}, Shape{2, 300, 17}})
            for (const double from_px : {5.0, 7.3, 0.0, 1000.0}) {  // 5: pixels (3, 4) off lie on the circle
                const ImageStack stack = noisy_stack(images, height, width, 1e5, 3);
                const auto means = on.means(stack.view(), from_px);
                for (std::int64_t i = 0; i < images; i++) {
                    double sum[2] = {0, 0}, count[2] = {0, 0};
                    float low = std::numeric_limits<float>::infinity(), high = -low;
                    for (std::int64_t y = 0; y < height; y++)
                        for (std::int64_t x = 0; x < width; x++) {
                            const float value = stack.view().image(i)[y * width + x];
                            const int in = std::hypot(x - width / 2, y - height / 2) < from_px;
                            sum[in] += value, count[in]++;
                            low = std::min(low, value), high = std::max(high, value);
                        }
                    const ImageMeans& m = means[static_cast<std::size_t>(i)];
                    CHECK(std::abs(m.outside - sum[0] / std::max(1.0, count[0])) <= tolerance * 1e5);
                    CHECK(std::abs(m.inside - sum[1] / std::max(1.0, count[1])) <= tolerance * 1e5);
                    CHECK(m.smallest == low);
                    CHECK(m.largest == high);
                }
            }
        CHECK(on.means({nullptr, 0, 16, 16}, 4).empty());
    }
}

TEST_CASE("masked images, their transforms and their powers are the processor's within float32", "[preparation]") {
    for (const NamedTable& named : every_table()) {
        INFO(named.name);
        Preparing on(named);
        // Backgrounds of counts 3,000 times their noise, with the factor of bright-field images, and none. More images than the
        // device takes at a time (64).
        struct Case {
            Shape shape;
            int box;
            double mask_radius_A, background, factor;
        };
        for (const auto& [shape, box, mask_radius_A, background, factor] :
             {Case{{1, 16, 16}, 16, 20, 0, 1}, Case{{3, 45, 38}, 24, 3.2, 9000, -1.0 / 9000}, Case{{70, 33, 40}, 20, 2.4, 9000, 1}}) {
            INFO(shape.images << " images of " << shape.width << " x " << shape.height << ", box " << box);
            const ImageStack stack = noisy_stack(shape.images, shape.height, shape.width, background, 3);
            const SettledPreparation settled = settled_for(stack.view(), mask_radius_A, box, factor);
            const auto& got = on.transform(stack.view(), settled);
            REQUIRE(got.status == status_good);
            std::vector<Complexf> values(got.values.size());
            std::vector<float> real_space(got.real_space.size());
            ThreadPool pool(1);
            const PowerSums expected = transform_images(stack.view(), settled, values.data(), real_space.data(), pool);
            // Two differences, the factor's rounding and two products, against the processor's two roundings: each relative.
            bool good = true;
            for (std::size_t p = 0; p < real_space.size(); p++)
                good = good && std::abs(got.real_space[p] - real_space[p]) <= 7 * float_rounding * std::abs(real_space[p]);
            CHECK(good);
            // A transform of n values is wrong by about sqrt(log2 n) roundings of the root mean square of its frequencies; what goes in,
            // by some more, and the largest of thousands of errors is four times that.
            constexpr double of_transform = 4e-6;
            const HalfPlane plane = half_plane(box);
            std::vector<double> error(expected.inside.size(), 0), count(expected.inside.size(), 0);
            good = true;
            for (std::int64_t i = 0; i < shape.images; i++) {
                const double allowed = of_transform * std::sqrt(power_of(real_space, i, box));
                for (std::size_t p = 0; p < plane.points.size(); p++) {
                    const std::size_t at = static_cast<std::size_t>(i) * plane.points.size() + p;
                    good = good && std::abs(got.values[at] - values[at]) <= allowed;
                    error[static_cast<std::size_t>(plane.shell[p])] += allowed * allowed;
                }
            }
            CHECK(good);
            // |sum |X + d|^2 - sum |X|^2| <= 2 sqrt(sum |X|^2 sum |d|^2) + sum |d|^2; sums in float32 of a few hundred positive numbers, by
            // lanes and then as a tree.
            for (std::size_t s = 0; s < expected.inside.size(); s++)
                CHECK(std::abs(got.inside[s] - expected.inside[s]) <=
                      2 * std::sqrt(expected.inside[s] * error[s]) + error[s] + 30 * float_rounding * expected.inside[s]);
            REQUIRE(expected.outside.size() == (mask_radius_A == 20 ? 0 : got.outside.size()));  // nothing is outside of 50 pixels
            if (expected.outside.empty()) CHECK(std::all_of(got.outside.begin(), got.outside.end(), [](double v) { return v == -1; }));
            // The whole image's noise is white but for its window: every shell's error is that of the mean power.
            for (std::size_t s = 1; s < expected.outside.size(); s++)
                CHECK(got.outside[s] == Approx(expected.outside[s]).epsilon(4 * of_transform + 30 * float_rounding));
        }
    }
}

TEST_CASE("an image is prepared to the same bits alone and among others", "[preparation]") {
    const ImageStack stack = noisy_stack(67, 30, 30, 500, 5);
    const SettledPreparation settled = settled_for(stack.view(), 3.2, 22, 1.0 / 500);
    for (const NamedTable& named : every_table()) {
        INFO(named.name);
        Preparing on(named);
        const auto& all = on.transform(stack.view(), settled);
        const std::size_t points = all.points.size();
        for (const std::size_t i : {std::size_t{0}, std::size_t{63}, std::size_t{64}, std::size_t{66}}) {
            SettledPreparation one = settled;
            one.contrast = {settled.contrast[i]};
            const auto& alone = on.transform({stack.view().image(static_cast<std::int64_t>(i)), 1, 30, 30}, one);
            CHECK(same_bits(alone.values.data(), all.values.data() + i * points, points));
            CHECK(same_bits(alone.real_space.data(), all.real_space.data() + i * 22 * 22, 22 * 22));
        }
        const auto& again = on.transform(stack.view(), settled);
        CHECK(again.inside == all.inside);
        CHECK(again.outside == all.outside);
        CHECK(on.transform({nullptr, 0, 30, 30}, {0.4, 1, 3.2, 22, {}}).inside == std::vector<double>(12, 0.0));
    }
}

TEST_CASE("a stack is prepared alike by every table, with its weights, and its sign can be changed", "[preparation]") {
    const auto particle = asymmetric_particle(12, 5, 2, 3);
    const SimulatedStack simulated = simulated_stack(particle, 6, 48, 0.4, 0.5, 9);
    const Volume map = atoms_as_gaussians(particle, 40, 0.4);
    NoProgress quiet;
    ThreadPool pool(2);
    for (const double diameter_A : {0.0, 12.0}) {
        const PreparedImages expected = prepare_images(simulated.stack.view(), {0.4, diameter_A, 1}, pool, quiet);
        for (const NamedTable& named : every_table()) {
            INFO(named.name << ", diameter " << diameter_A);
            const Backend backend(*named.table, 0, 2);
            PreparedImages host, other_host;
            auto images = backend.prepare(simulated.stack.view(), {0.4, diameter_A, 1}, host, quiet);
            CHECK(&images.host() == &host);
            CHECK(host.box == expected.box);
            CHECK(host.particle_radius_A == Approx(expected.particle_radius_A).epsilon(1e-6));
            CHECK(host.mask_radius_A == Approx(expected.mask_radius_A).epsilon(1e-6));
            REQUIRE(host.weight.size() == expected.weight.size());
            CHECK(host.values.empty() == (backend.memory_device() >= 0));
            // Powers of a hundred points and six images: errors of single transforms (4e-6) add up to no more than twice that.
            for (std::size_t p = 0; p < host.weight.size(); p++) CHECK(host.weight[p] == Approx(expected.weight[p]).epsilon(3e-5));
            CHECK(host.signal_power.size() == expected.signal_power.size());
            if (named.name == "cpu") {
                CHECK(host.values == expected.values);
                CHECK(host.weight == expected.weight);
                CHECK(host.noise_power == expected.noise_power);
                CHECK(host.real_space == expected.real_space);
            }

            PolishOptions options;
            options.band = {0, host.points.size()};
            std::vector<PoseCandidate> there, copied, turned, dark;
            for (std::int64_t i = 0; i < 6; i++) there.push_back({i, simulated.poses[static_cast<std::size_t>(i)], 0});
            copied = turned = dark = there;
            const auto transform = backend.transform(map.view(), default_window(), 1.5);
            backend.score_candidates(images, transform, options, there);
            backend.score_candidates(backend.resident(expected), transform, options, copied);
            for (std::size_t i = 0; i < there.size(); i++) CHECK(there[i].score == Approx(copied[i].score).epsilon(1e-4));

            // A change of sign goes exactly through every difference, product and transform.
            backend.negate(images, host);
            backend.score_candidates(images, transform, options, turned);
            const auto other = backend.prepare(simulated.stack.view(), {0.4, diameter_A, -1}, other_host, quiet);
            backend.score_candidates(other, transform, options, dark);
            CHECK(host.real_space == other_host.real_space);
            for (std::size_t i = 0; i < there.size(); i++) {
                CHECK(turned[i].score == dark[i].score);
                CHECK(turned[i].score != there[i].score);
            }
        }
    }
}

TEST_CASE("stacks that cannot be prepared are refused with the same sentence by every table", "[preparation]") {
    NoProgress quiet;
    for (const NamedTable& named : every_table()) {
        INFO(named.name);
        const Backend backend(*named.table, 0, 1);
        const auto sentence = [&](const ImageStack& stack) {
            PreparedImages host;
            try {
                backend.prepare(stack.view(), {0.4, 8, 1}, host, quiet);
            } catch (const Error& e) {
                CHECK(e.kind() == ErrorKind::input);
                return std::string(e.what());
            }
            return std::string();
        };
        ImageStack stack = noisy_stack(3, 32, 32, 0, 1);
        CHECK(sentence(stack).empty());
        for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
            for (const std::size_t pixel : {0, 17, 530, 1023}) {
                ImageStack broken = stack;
                broken.values[1024 + pixel] = value;
                CHECK(sentence(broken) == "image 2 holds values that are no finite numbers: expected a picture of the particle");
            }
        std::fill(stack.values.begin() + 2048, stack.values.end(), 7.5f);
        CHECK(sentence(stack) == "image 3 is constant (7.5): expected a picture of the particle");
        CHECK(sentence(noisy_stack(1, 12, 40, 0, 1)) == "the images are 40 x 12 px: expected boxes of at least 16 px");
    }
}

TEST_CASE("a device refuses a working box that the images have no room for", "[preparation]") {
    const ImageStack stack = noisy_stack(2, 20, 30, 0, 1);
    for (const NamedTable& named : every_table()) {
        if (named.name == "cpu") continue;
        Preparing on(named);
        for (const int box : {22, 15}) {
            CHECK(on.transform(stack.view(), {0.4, 2, 3, box, {{0, 1}, {0, 1}}}).status == status_input);
            CHECK(on.error() == "image preparation: found a working box of " + std::to_string(box) +
                                    " for images of 30 x 20 pixels, expected an even one that is no larger");
        }
    }
}
