// What the operation tests of the scores cannot reach through the table: the layout and accuracy of the matrix product, tiles
// that another device would choose, and lists too long for shared memory.
#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <numeric>
#include <vector>

#include "catch.hpp"
#include "core/random.hpp"
#include "kernels/choice.hpp"
#include "kernels/matrix_product.hpp"
#include "kernels/pair_spectra.hpp"
#include "kernels/score.hpp"
#include "runtime/launch.hpp"

using namespace tumble;
using namespace tumble::cuda;

namespace {

/// One warp: c = [product][row][column] of a[16][inner], b[inner][8], complex.
__global__ void multiply_matrices(const float2* a, const float2* b, int inner, float* c) {
    const int lane = static_cast<int>(threadIdx.x), group = lane / 4, member = lane % 4;
    const ComplexProducts sums = products_of_order(0, inner, member, [&](int k, RowFragment& row, ColumnFragment& column) {
        const float2 upper = a[group * inner + k], lower = a[(group + 8) * inner + k];
        row = {{upper.x, lower.x}, {upper.y, lower.y}};
        column = {b[k * 8 + group].x, b[k * 8 + group].y};
    });
    for (int product = 0; product < 4; product++)
        for (int e = 0; e < 4; e++) c[(product * 16 + group + 8 * (e / 2)) * 8 + 2 * member + e % 2] = sums.value(product, e);
}

std::vector<float> random_floats(std::size_t count, std::uint32_t stream) {
    RandomStream random(1, stream, RandomPurpose::test);
    std::vector<float> out(count);
    for (float& v : out) v = static_cast<float>(random.normal());
    return out;
}

template <class T>
std::vector<T> to_host(Device& device, const DeviceBuffer<T>& buffer) {
    std::vector<T> out(buffer.size());
    copy_to_host(device, buffer.data(), out.size(), out.data());
    device.synchronize("test");
    return out;
}

/// Random operands of `rank` functions an order, with zeros in the padding.
struct RandomSearch {
    DeviceSearch search;
    DeviceRows rows;
    std::vector<float> a, b, power;
    std::vector<int> begin{0};

    RandomSearch(Device& device, int angles, int orders, int row_count, int direction_count) {
        search.angles = angles;
        search.orders = orders;
        for (int m = 0; m < orders; m++) {
            search.rank.push_back(1 + (7 * m + 3) % 9);
            begin.push_back(begin.back() + (search.rank.back() + 3) / 4 * 4);
        }
        search.inner = begin.back();
        search.directions = direction_count;
        rows.rows = row_count;
        const auto groups = static_cast<std::size_t>(row_count + 15) / 16, blocks = static_cast<std::size_t>(direction_count + 7) / 8;
        const auto inner = static_cast<std::size_t>(search.inner);
        a = random_floats(groups * inner * 32, 1);
        b = random_floats(blocks * inner * 16, 2);
        power = random_floats(blocks * 8, 3);
        for (int m = 0; m < orders; m++)
            for (int k = begin[static_cast<std::size_t>(m)]; k < begin[static_cast<std::size_t>(m) + 1]; k++) {
                const auto at = static_cast<std::size_t>(k);
                // Orders 0 and angles / 2 of real images are real.
                const bool real = m == 0 || 2 * m == angles;
                for (std::size_t g = 0; real && g < groups; g++) std::fill_n(&a[(g * inner + at) * 32 + 16], 16, 0.0f);
                for (std::size_t g = 0; real && g < blocks; g++) std::fill_n(&b[(g * inner + at) * 16 + 8], 8, 0.0f);
                const bool padding = k - begin[static_cast<std::size_t>(m)] >= search.rank[static_cast<std::size_t>(m)];
                for (std::size_t g = 0; padding && g < groups; g++) std::fill_n(&a[(g * inner + at) * 32], 32, 0.0f);
                for (std::size_t g = 0; padding && g < blocks; g++) std::fill_n(&b[(g * inner + at) * 16], 16, 0.0f);
            }
        rows.operands = to_device<float>(device, a, "rows");
        search.operands = to_device<float>(device, b, "directions");
        search.power = to_device<float>(device, power, "power");
        search.order_begin = to_device<int>(device, begin, "orders");
    }
    /// By definition, in double.
    double score(std::int64_t row, std::int64_t direction, bool mirror) const {
        const auto inner = static_cast<std::size_t>(search.inner);
        double best = -1e300;
        for (int angle = 0; angle < search.angles; angle++) {
            double s = 0;
            for (int m = 0; m < search.orders; m++) {
                std::complex<double> sum = 0;
                for (int k = begin[static_cast<std::size_t>(m)]; k < begin[static_cast<std::size_t>(m) + 1]; k++) {
                    const float* x = &a[(static_cast<std::size_t>(row) / 16 * inner + static_cast<std::size_t>(k)) * 32 + static_cast<std::size_t>(row) % 16];
                    const float* y = &b[(static_cast<std::size_t>(direction) / 8 * inner + static_cast<std::size_t>(k)) * 16 + static_cast<std::size_t>(direction) % 8];
                    const std::complex<double> alpha(x[0], x[16]), beta(y[0], y[8]);
                    sum += alpha * (mirror ? beta : std::conj(beta));
                }
                const double weight = m == 0 || 2 * m == search.angles ? 1 : 2;
                s += weight * (sum * std::polar(1.0, 2 * std::numbers::pi * m * angle / search.angles)).real();
            }
            best = std::max(best, s);
        }
        return 2 * best - static_cast<double>(power[static_cast<std::size_t>(direction)]);
    }
};

std::vector<float> scores(Device& device, const RandomSearch& r, ScoreWindow window) {
    DeviceBuffer<float> maxima(device, static_cast<std::size_t>(window.rows * window.columns), "scores");
    clear(device, maxima);
    window.maxima = maxima.data();
    score_window(device, r.search, r.rows, window);
    return to_host(device, maxima);
}

}  // namespace

TEST_CASE("the matrix product puts every element in its place", "[emulation][score]") {
    Device device(0);
    for (const int inner : {4, 12}) {
        // Whole numbers below 2^11, whose products and sums are exact.
        std::vector<float2> a(static_cast<std::size_t>(16 * inner)), b(static_cast<std::size_t>(inner * 8));
        for (std::size_t i = 0; i < a.size(); i++) a[i] = {static_cast<float>(3 * i % 101), -static_cast<float>(5 * i % 89)};
        for (std::size_t i = 0; i < b.size(); i++) b[i] = {static_cast<float>(7 * i % 97), static_cast<float>(11 * i % 83)};
        const auto d_a = to_device<float2>(device, a, "a"), d_b = to_device<float2>(device, b, "b");
        DeviceBuffer<float> d_c(device, 4 * 16 * 8, "c");
        launch(device, "multiply_matrices", multiply_matrices, LaunchShape{dim3(1), dim3(32), 0}, d_a.data(), d_b.data(), inner, d_c.data());
        const auto c = to_host(device, d_c);
        std::size_t wrong = 0;
        for (std::size_t row = 0; row < 16; row++)
            for (std::size_t column = 0; column < 8; column++) {
                float expected[4] = {};
                for (std::size_t k = 0; k < static_cast<std::size_t>(inner); k++) {
                    const float2 x = a[row * static_cast<std::size_t>(inner) + k], y = b[k * 8 + column];
                    expected[ComplexProducts::re_re] += x.x * y.x;
                    expected[ComplexProducts::im_im] += x.y * y.y;
                    expected[ComplexProducts::re_im] += x.x * y.y;
                    expected[ComplexProducts::im_re] += x.y * y.x;
                }
                for (std::size_t product = 0; product < 4; product++) wrong += c[(product * 16 + row) * 8 + column] != expected[product];
            }
        CHECK(wrong == 0);
    }
}

TEST_CASE("rounding to tf32 is to the nearest, ties away from zero", "[emulation][score]") {
    constexpr float step = 0x1p-10f;
    CHECK(nearest_tf32(1 + step) == 1 + step);
    CHECK(nearest_tf32(1 + 0.5f * step) == 1 + step);
    CHECK(nearest_tf32(-1 - 0.5f * step) == -1 - step);
    CHECK(nearest_tf32(1 + 0.499f * step) == 1);
    CHECK(nearest_tf32(2 - 0x1p-23f) == 2);
    CHECK(nearest_tf32(0.0f) == 0);
}

TEST_CASE("the matrix product is of float32 grade", "[emulation][score]") {
    Device device(0);
    constexpr int inner = 32;
    const auto a = random_floats(16 * inner * 2, 5), b = random_floats(inner * 8 * 2, 6);
    const auto d_a = to_device<float>(device, a, "a"), d_b = to_device<float>(device, b, "b");
    DeviceBuffer<float> d_c(device, 4 * 16 * 8, "c");
    launch(device, "multiply_matrices", multiply_matrices, LaunchShape{dim3(1), dim3(32), 0}, reinterpret_cast<const float2*>(d_a.data()),
           reinterpret_cast<const float2*>(d_b.data()), inner, d_c.data());
    const auto c = to_host(device, d_c);
    double worst = 0;
    for (std::size_t row = 0; row < 16; row++)
        for (std::size_t column = 0; column < 8; column++) {
            double sum = 0, size = 0;
            for (std::size_t k = 0; k < inner; k++) {
                const double term = static_cast<double>(a[2 * (row * inner + k)]) * static_cast<double>(b[2 * (k * 8 + column)]);
                sum += term, size += std::abs(term);
            }
            worst = std::max(worst, std::abs(static_cast<double>(c[row * 8 + column]) - sum) / size);
        }
    // Eight truncations of the sum, at most 2^-23 of it each, and 2^-22 of each term by what is left out.
    CHECK(worst < 8 * 0x1p-23 + 0x1p-22);
    CHECK(worst > 0);
}

TEST_CASE("scores have the same bits in every tile, window and list of blocks", "[emulation][score]") {
    Device device(0);
    for (const auto& [angles, orders] : {std::pair{64, 33}, {64, 9}, {128, 40}, {256, 101}, {512, 129}}) {
        const RandomSearch r(device, angles, orders, 37, 43);
        ScoreWindow whole{0, 37, 0, 6, nullptr, nullptr, nullptr, 96, 0};
        const auto expected = scores(device, r, whole);
        INFO(angles << " angles, " << orders << " orders");
        for (const std::int64_t row : {0, 17, 36})
            for (const std::int64_t view : {0, 37, 85}) {
                const double value = r.score(row, view / 2, view % 2 == 1);
                CHECK(std::abs(static_cast<double>(expected[static_cast<std::size_t>(row * 96 + view)]) - value) < 1e-6 * std::abs(value) + 1e-6);
            }
        for (std::size_t row = 0; row < 37; row++)
            for (std::size_t column = 86; column < 96; column++) CHECK(expected[row * 96 + column] == 0);  // there is no direction
        for (const int tile : {4, 2, 1}) {
            if (angles == 512 && tile == 4) continue;  // does not fit
            whole.tile = tile;
            CHECK(scores(device, r, whole) == expected);
        }
        // Rows 5 .. 34 against blocks 4, 0 and 5.
        const std::vector<int> blocks{4, 0, 5};
        const auto d_blocks = to_device<int>(device, blocks, "blocks");
        const auto part = scores(device, r, {5, 30, 0, 3, d_blocks.data(), nullptr, nullptr, 48, 0});
        std::size_t wrong = 0;
        for (std::size_t row = 0; row < 30; row++)
            for (std::size_t column = 0; column < 48; column++)
                wrong += part[row * 48 + column] != expected[(row + 5) * 96 + static_cast<std::size_t>(blocks[column / 16]) * 16 + column % 16];
        CHECK(wrong == 0);
    }
}

TEST_CASE("the largest tile that fits is taken on every card", "[emulation][score]") {
    // Bytes of shared memory a block on sm_90, sm_80 and sm_120.
    const auto tile = [](std::size_t limit, int angles, int orders) {
        int fits = 8;
        while (fits > 1 && spectra_bytes(angles, orders, 16 * fits) > limit) fits /= 2;
        return spectra_bytes(angles, orders, 16 * fits) <= limit ? fits : 0;
    };
    CHECK(tile(232448, 256, 107) == 8);
    CHECK(tile(166912, 256, 107) == 4);
    CHECK(tile(101376, 256, 107) == 2);
    CHECK(tile(232448, 256, 129) == 4);
    CHECK(tile(232448, 512, 257) == 2);
    CHECK(tile(166912, 512, 257) == 2);
    CHECK(tile(101376, 512, 257) == 1);
    CHECK(tile(101376, 64, 33) == 8);
}

TEST_CASE("a list that does not fit shared memory is collected all the same", "[emulation][score]") {
    Device device(0);
    constexpr int images = 3, views = 1400, capacity = 40000;
    const auto values = random_floats(images * views, 8);
    const auto d_values = to_device<float>(device, values, "scores");
    const std::vector<std::int64_t> first_row{0, 1, 2, 3};
    const auto d_first_row = to_device<std::int64_t>(device, first_row, "rows");
    DeviceBuffer<CandidateKey> keys(device, images * capacity, "keys");
    DeviceBuffer<int> found(device, images, "found");
    DeviceBuffer<float> threshold(device, images, "thresholds");
    clear(device, found);
    const ScoreTable table{d_values.data(), views, 0, images, 0, views, nullptr};
    const ImageCandidates candidates{d_first_row.data(), 0, images, views, nullptr, nullptr};
    offer_scores(device, table, candidates, {keys.data(), found.data(), nullptr, capacity, 1e9f}, threshold.data());
    const auto h_keys = to_host(device, keys);
    CHECK(to_host(device, found) == std::vector<int>(images, views));
    for (std::size_t i = 0; i < images; i++) {
        std::vector<std::uint32_t> order(views);
        std::iota(order.begin(), order.end(), 0u);
        std::sort(order.begin(), order.end(), [&](auto p, auto q) { return values[i * views + p] > values[i * views + q]; });
        std::size_t wrong = 0;
        for (std::size_t n = 0; n < views; n++) {
            const CandidateKey key = h_keys[i * capacity + n];
            wrong += candidate_of(key) != order[n] || score_of(key) != values[i * views + order[n]];
        }
        CHECK(wrong == 0);
    }
}
