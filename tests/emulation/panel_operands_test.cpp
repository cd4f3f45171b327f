// search_create and rows_create on the emulated device: the operands that they leave in its memory against double sums.
// The panel's layout belongs to the CUDA side, so this test is compiled with the emulation's headers and linked with the
// module's objects; what the operands are worth to a user of the table is tested by panel_test.cpp.
#include <algorithm>
#include <memory>
#include <numbers>

#include "catch.hpp"
#include "entries.hpp"
#include "resident.hpp"
#include "panel_scene.hpp"

using namespace tumble;
using namespace tumble::testing;

extern "C" const backend::Operations* tumble_backend_operations();

namespace {

using Spectrum = std::vector<std::complex<double>>;

/// Handles of one scene on the emulated device.
struct Resident {
    const backend::Operations& table = *tumble_backend_operations();
    backend::Context* context = nullptr;
    backend::Images* images = nullptr;
    backend::Transform* transform = nullptr;
    backend::Search* search = nullptr;

    explicit Resident(const PanelScene& s) : Resident(s, s.directions, s.images.images) {}
    Resident(const PanelScene& s, std::span<const Mat3f> directions, std::int64_t image_count) {
        const backend::ContextArguments start{0, 1, nullptr, nullptr, 0};
        REQUIRE(table.context_create(&start, &context) == 0);
        const backend::ImageArrays arrays{image_count,
                                          static_cast<std::int64_t>(s.images.points.size()),
                                          s.images.box,
                                          backend::memory_host,
                                          s.images.pixel_size_A,
                                          s.images.particle_radius_A,
                                          &s.images.points[0].x,
                                          reinterpret_cast<const float*>(s.images.values.data()),
                                          s.images.weight.data(),
                                          s.images.real_space.data()};
        REQUIRE(table.images_create(context, &arrays, &images) == 0);
        const backend::TransformArguments map{s.map.values.data(), s.map.box, backend::memory_host, 5, 0, 1.333, 1.5};
        REQUIRE(table.transform_create(context, &map, &transform) == 0);
        std::vector<double> vectors;
        for (const auto& order : s.basis.vectors) vectors.insert(vectors.end(), order.begin(), order.end());
        const backend::SearchArguments arguments{s.grid.rings.data(),
                                                 s.weights.data(),
                                                 s.basis.rank.data(),
                                                 vectors.data(),
                                                 directions.empty() ? nullptr : directions[0].m,
                                                 static_cast<std::int64_t>(s.grid.rings.size()),
                                                 s.basis.orders(),
                                                 static_cast<std::int64_t>(directions.size()),
                                                 s.grid.angles,
                                                 backend::memory_host};
        const int status = table.search_create(context, images, transform, &arguments, &search);
        INFO(table.error_text(context));
        REQUIRE(status == 0);
    }
    ~Resident() {
        table.search_destroy(context, search);
        table.transform_destroy(context, transform);
        table.images_destroy(context, images);
        table.context_destroy(context);
    }
    Resident(const Resident&) = delete;

    const cuda::DeviceSearch& held() const { return cuda::behind(search); }
    template <class T>
    std::vector<T> host(const cuda::DeviceBuffer<T>& buffer) const {
        std::vector<T> out(buffer.size());
        cuda::Device& device = cuda::behind(context).device;
        cuda::copy_to_host(device, buffer.data(), buffer.size(), out.data());
        device.synchronize("copy of a test");
        return out;
    }
    std::vector<Complexf> samples() const {
        const auto values = host(held().samples);
        std::vector<Complexf> out;
        for (const float2 v : values) out.emplace_back(v.x, v.y);
        return out;
    }
    std::vector<float> rows(std::span<const std::int64_t> of, std::span<const Vec2> shifts_px) const {
        const backend::RowArguments arguments{of.data(), reinterpret_cast<const double*>(shifts_px.data()),
                                              static_cast<std::int64_t>(of.size()), backend::memory_host, 0};
        backend::Rows* handle = nullptr;
        REQUIRE(table.rows_create(context, search, &arguments, &handle) == 0);
        REQUIRE(cuda::behind(handle).rows == static_cast<std::int64_t>(of.size()));
        const auto out = host(cuda::behind(handle).operands);
        table.rows_destroy(context, handle);
        return out;
    }
    /// The device's slices, [direction][ring][half angle].
    std::vector<Complexf> slices(const PanelScene& s) const {
        const auto points = s.grid.points();
        std::vector<Complexf> out(s.directions.size() * points.size());
        const backend::SliceArguments arguments{s.directions[0].m, &points[0].x, static_cast<std::int64_t>(s.directions.size()),
                                                static_cast<std::int64_t>(points.size()), reinterpret_cast<float*>(out.data()),
                                                backend::memory_host, 0};
        REQUIRE(table.sample_slices(context, transform, &arguments) == 0);
        return out;
    }
};

/// sum over rings of U[function][ring] scale[ring] sum_j X_j exp(-i m phi_j) exp(2 pi i k.t), over the full circle, for all
/// functions of all orders, those of the padding to ranks of a multiple of 4 being 0.
Spectrum coefficients(const PanelScene& s, const Complexf* samples, const std::vector<double>& scale, Vec2 shift) {
    const auto rings = s.grid.rings.size(), angles = static_cast<std::size_t>(s.grid.angles), half = angles / 2;
    std::vector<std::complex<double>> turns(angles), full(angles);
    for (std::size_t j = 0; j < angles; j++)
        turns[j] = std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(j) / static_cast<double>(angles));
    std::vector<Spectrum> harmonics(rings, Spectrum(static_cast<std::size_t>(s.basis.orders())));
    for (std::size_t r = 0; r < rings; r++) {
        for (std::size_t j = 0; j < half; j++) {
            const double k = s.grid.rings[r];
            const double phase = 2 * std::numbers::pi * k * (shift.x * turns[j].real() - shift.y * turns[j].imag());
            full[j] = scale[r] * std::complex<double>(samples[r * half + j]) * std::polar(1.0, phase);
            full[j + half] = std::conj(full[j]);
        }
        for (std::size_t m = 0; m < harmonics[r].size(); m++)
            for (std::size_t j = 0; j < angles; j++) harmonics[r][m] += full[j] * turns[m * j % angles];
    }
    Spectrum out;
    for (std::size_t m = 0; m < s.basis.rank.size(); m++) {
        for (int function = 0; function < s.basis.rank[m]; function++) {
            std::complex<double> sum = 0;
            for (std::size_t r = 0; r < rings; r++) sum += s.basis.vectors[m][static_cast<std::size_t>(function) * rings + r] * harmonics[r][m];
            out.push_back(sum);
        }
        while (out.size() % cuda::DeviceSearch::rank_step != 0) out.emplace_back(0);
    }
    return out;
}

/// Item `item` of operands laid out as [item / width][k][re, im][width].
Spectrum item_of(const std::vector<float>& operands, std::size_t inner, std::size_t width, std::size_t item) {
    Spectrum out;
    for (std::size_t k = 0; k < inner; k++) {
        const std::size_t at = ((item / width * inner + k) * 2) * width + item % width;
        out.emplace_back(operands[at], operands[at + width]);
    }
    return out;
}

/// Root-mean-square difference over the root mean square of `b`.
double difference(const Spectrum& a, const Spectrum& b) {
    REQUIRE(a.size() == b.size());
    double wrong = 0, all = 0;
    for (std::size_t i = 0; i < a.size(); i++) wrong += std::norm(a[i] - b[i]), all += std::norm(b[i]);
    return std::sqrt(wrong / all);
}

bool all_zero(const Spectrum& a) {
    return std::all_of(a.begin(), a.end(), [](std::complex<double> v) { return v == 0.0; });
}

/// True if the padding of the ranks is exactly 0.
bool padding_is_zero(const PanelScene& s, const Spectrum& item) {
    std::size_t k = 0;
    for (const int rank : s.basis.rank) {
        k += static_cast<std::size_t>(rank);
        for (; k % cuda::DeviceSearch::rank_step != 0; k++)
            if (item[k] != 0.0) return false;
    }
    return k == item.size();
}

// Each coefficient is a sum over up to 21 rings of harmonics that nine to twelve stages of additions and products made, all
// rounded to 6e-8 of their terms: 3e-7 of the whole spectrum's root mean square, as the errors add up at random.
constexpr double rounding = 6e-7;
constexpr int rings = 21;  // more than one turn of the packing kernel for 256 and 512 angles

}  // namespace

TEST_CASE("operands of directions agree with double sums over the slices, for every number of angles") {
    for (const int angles : {64, 128, 256, 512})
        for (const double tolerance : {0.0, 1e-3}) {
            if (angles > 128 && tolerance == 0) continue;  // thousands of functions, with nothing new in them
            PanelScene s(angles, rings, tolerance, 11);
            const Resident r(s);
            INFO(angles << " angles, tolerance " << tolerance);
            const auto operands = r.host(r.held().operands), power = r.host(r.held().power);
            const auto slices = r.slices(s);
            const auto inner = static_cast<std::size_t>(r.held().inner), samples = slices.size() / 11;
            REQUIRE(operands.size() == 2 * 16 * inner);
            REQUIRE(power.size() == 16);
            std::vector<double> scale;
            for (double k : s.grid.rings) scale.push_back(std::sqrt(k) / angles);
            for (std::size_t d = 0; d < 11; d++) {
                const auto item = item_of(operands, inner, 8, d);
                CHECK(difference(item, coefficients(s, slices.data() + d * samples, scale, {})) < rounding);
                CHECK(padding_is_zero(s, item));
                double expected = 0;
                for (std::size_t i = 0; i < samples; i++)
                    expected += static_cast<double>(s.weights[i / (samples / rings)]) * std::norm(std::complex<double>(slices[d * samples + i]));
                CHECK(power[d] == Approx(expected).epsilon(5e-7));
            }
            for (std::size_t d = 11; d < 16; d++) {
                CHECK(all_zero(item_of(operands, inner, 8, d)));
                CHECK(power[d] == 0);
            }
        }
}

TEST_CASE("operands of rows agree with double sums over the shifted samples, for every number of angles") {
    for (const int angles : {64, 128, 256, 512}) {
        PanelScene s(angles, rings, 1e-3, 1);
        const Resident r(s);
        INFO(angles << " angles");
        const SceneRows rows(19, s.images.images);
        const auto operands = r.rows(rows.images, rows.shifts_px);
        const auto samples = r.samples();
        const auto inner = static_cast<std::size_t>(r.held().inner), image = samples.size() / static_cast<std::size_t>(s.images.images);
        REQUIRE(operands.size() == 2 * 32 * inner);
        std::vector<double> scale;
        for (std::size_t i = 0; i < rings; i++) scale.push_back(0.5 * static_cast<double>(s.weights[i]) / std::sqrt(s.grid.rings[i]));
        for (std::size_t row = 0; row < 19; row++) {
            const auto item = item_of(operands, inner, 16, row);
            const auto expected = coefficients(s, samples.data() + static_cast<std::size_t>(rows.images[row]) * image, scale, rows.shifts_px[row]);
            // The ramp's angle, up to 3 turns of a radian's 6e-8, comes on top.
            CHECK(difference(item, expected) < 2 * rounding);
            CHECK(padding_is_zero(s, item));
        }
        for (std::size_t row = 19; row < 32; row++) CHECK(all_zero(item_of(operands, inner, 16, row)));
    }
}

TEST_CASE("polar samples of images are the CPU's to float rounding, with the same bits for any number of images") {
    // 36 taps of a transform of 60^2 points: the two sides differ by rounding of 1e-6 of the largest sample.
    PanelScene s(64, rings, 1e-2, 1, 67);  // more images than are transformed at once
    const Resident r(s);
    const auto samples = r.samples(), expected = polar_samples(s.images, s.grid, s.pool);
    REQUIRE(samples.size() == expected.size());
    double largest = 0, wrong = 0;
    for (std::size_t i = 0; i < samples.size(); i++) {
        largest = std::max<double>(largest, std::abs(expected[i]));
        wrong = std::max<double>(wrong, std::abs(samples[i] - expected[i]));
    }
    CHECK(wrong < 1e-6 * largest);
    const auto few = Resident(s, s.directions, 6).samples();
    REQUIRE(few.size() == samples.size() / 67 * 6);
    CHECK(std::equal(few.begin(), few.end(), samples.begin()));
}

TEST_CASE("operands have the same bits in any company") {
    PanelScene s(128, rings, 1e-3, 29);
    const Resident r(s);
    const auto inner = static_cast<std::size_t>(r.held().inner);
    const SceneRows rows(37, s.images.images);
    const auto all = r.rows(rows.images, rows.shifts_px);
    const std::vector<std::size_t> chosen{36, 5, 20};
    std::vector<std::int64_t> images;
    std::vector<Vec2> shifts;
    for (const auto row : chosen) images.push_back(rows.images[row]), shifts.push_back(rows.shifts_px[row]);
    const auto few = r.rows(images, shifts);
    for (std::size_t i = 0; i < chosen.size(); i++) CHECK(item_of(few, inner, 16, i) == item_of(all, inner, 16, chosen[i]));

    const auto directions = r.host(r.held().operands), power = r.host(r.held().power);
    const Resident part(s, std::span(s.directions).subspan(3, 10), s.images.images);
    const auto moved = part.host(part.held().operands), moved_power = part.host(part.held().power);
    for (std::size_t d = 0; d < 10; d++) {
        CHECK(item_of(moved, inner, 8, d) == item_of(directions, inner, 8, d + 3));
        CHECK(moved_power[d] == power[d + 3]);
    }
}

TEST_CASE("a search without directions and rows without images are empty") {
    PanelScene s(64, 5, 1e-2, 1);
    const Resident r(s, {}, 0);
    CHECK(r.held().directions == 0);
    CHECK(r.host(r.held().operands).empty());
    CHECK(r.samples().empty());
    CHECK(r.rows({}, {}).empty());
}

TEST_CASE("grids and bases that cannot be packed are refused, and no search is handed out") {
    PanelScene s(64, 2, 1e-2, 1);
    const Resident r(s);
    const std::vector<float> weights(2, 1.0f);
    const std::vector<double> vectors(4 * 33, 0.0);
    struct Wrong {
        std::int64_t rings, orders;
        std::int32_t rank, angles;
        std::string words;
    };
    const std::vector<Wrong> all{
        {0, 1, 0, 64, "polar grid: found no rings, expected at least one"},
        {2, 1, 1, 100, "polar grid: found 100 angles, expected 64, 128, 256 or 512"},
        {2, 0, 1, 64, "angular basis: found 0 orders, expected 1 to 33"},
        {2, 34, 1, 64, "angular basis: found 34 orders, expected 1 to 33"},
        {2, 33, -1, 64, "angular basis: found rank -1 of order 0, expected 0 to 2"},
        {2, 33, 3, 64, "angular basis: found rank 3 of order 0, expected 0 to 2"},
    };
    for (const Wrong& w : all) {
        INFO(w.words);
        const std::vector<std::int32_t> rank(34, w.rank);
        const backend::SearchArguments arguments{s.grid.rings.data(), weights.data(), rank.data(), vectors.data(), s.directions[0].m, w.rings,
                                                 w.orders, 1, w.angles, backend::memory_host};
        auto* handle = reinterpret_cast<backend::Search*>(&s);
        CHECK(r.table.search_create(r.context, r.images, r.transform, &arguments, &handle) == backend::status_input);
        CHECK(handle == nullptr);
        CHECK(r.table.error_text(r.context) == w.words);
    }
}
