// The planner of a device's memory, for usual, tiny and absurd devices and sizes.
#include "runtime/memory_plan.hpp"

#include <cmath>
#include <cstring>

#include "catch.hpp"
#include "core/random.hpp"

using namespace tumble::cuda;
using tumble::backend::RunPlan;
using tumble::backend::RunSizes;

namespace {

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t megabyte = std::uint64_t{1} << 20, gigabyte = std::uint64_t{1} << 30, terabyte = std::uint64_t{1} << 40;

/// A search of `images` images, as plan.cpp counts it for a particle of 3 nm at 0.36 A.
RunSizes usual(std::int64_t images) {
    RunSizes s{};
    s.images = images;
    s.points = 8143;
    s.box = 144;
    s.padding_factor = 1.333;
    s.window_width = 5;
    s.poses = 8 * images;
    s.insertion_beside = 3;
    s.solution_beside = 5;
    s.transforms = 4;
    s.candidates = 24 * images;
    s.rings = 36;
    s.angles = 256;
    s.orders = 107;
    s.harmonics = 1450;
    s.directions = 9000;
    s.images_a_batch = 32;
    s.rows = 32 * 13;
    s.height = s.width = 256;
    s.noise_frequencies = 25600;
    return s;
}

/// All sizes the same.
RunSizes absurd(std::int64_t n) {
    RunSizes s{};
    s.images = s.points = s.box = s.window_width = s.poses = s.insertion_beside = s.solution_beside = s.transforms = s.candidates = n;
    s.rings = s.angles = s.orders = s.harmonics = s.directions = s.rows = s.images_a_batch = s.height = s.width = s.noise_frequencies = n;
    s.padding_factor = static_cast<double>(n);
    return s;
}

bool terminated(const RunPlan& plan) {
    return std::memchr(plan.shortage, 0, sizeof plan.shortage) != nullptr;
}

}  // namespace

TEST_CASE("counts of bytes stop at their ends") {
    const Bytes all = Bytes::most;
    CHECK((all + 1) == all);
    CHECK((Bytes(most) * 2 + 1) == all);
    CHECK((Bytes(most) * 2) == all - 1);
    CHECK(Bytes(std::uint64_t{1} << 32) * (std::uint64_t{1} << 32) == all);
    CHECK((all * 0) == Bytes(0));
    CHECK((Bytes(3) - 5) == Bytes(0));
    CHECK(Bytes(-7) == Bytes(0));
    static_assert(Bytes(6) * 7 == Bytes(42));
}

TEST_CASE("what is free is never more than what there is, and plans leave some of it") {
    CHECK(DeviceMemory{2 * terabyte, terabyte}.all() == Bytes(terabyte));
    CHECK(DeviceMemory{5, 0}.all() == Bytes(0));
    CHECK(DeviceMemory{0, gigabyte}.room() == Bytes(0));
    for (const std::uint64_t bytes : {std::uint64_t{1}, megabyte, 80 * gigabyte, terabyte, Bytes::most}) {
        const DeviceMemory memory{bytes, bytes};
        CHECK(memory.room() <= memory.all());
        CHECK(memory.all() - memory.room() <= Bytes(512 * megabyte));
        CHECK(memory.less(bytes).all() == Bytes(0));
        CHECK(memory.less(bytes / 2).all() == Bytes(bytes - bytes / 2));
    }
}

TEST_CASE("a cut takes what the memory has room for, in whole steps, and at least one") {
    const std::uint64_t item = 1000;
    for (const std::int64_t step : {1, 8, 16})
        for (const std::int64_t items : {0, 1, 7, 16, 33, 100000})
            for (const std::uint64_t free : {std::uint64_t{0}, std::uint64_t{5000}, std::uint64_t{40000}, megabyte, terabyte}) {
                INFO("step " << step << ", items " << items << ", free " << free);
                const DeviceMemory memory{free, terabyte};
                const Cut c = cut(memory, {items, step, 3000, item, 50 * item * 16});
                CHECK(c.at_once <= items);
                CHECK(c.at_once >= std::min(step, items));
                CHECK((c.at_once == items || c.at_once % step == 0));
                CHECK(c.take.peak == Bytes(3000) + Bytes(item) * c.at_once);
                CHECK(c.take.least == Bytes(3000) + Bytes(item) * std::min(step, items));
                if (c.at_once > step) {
                    CHECK(c.take.peak <= memory.room());
                    CHECK(Bytes(item) * c.at_once <= Bytes(50 * item * 16));
                }
                // One step more has no room.
                if (c.at_once < items && c.at_once < 800) CHECK(c.take.peak + Bytes(item) * step > memory.room());
            }
    CHECK(cut({0, 0}, {100, 1, 0, 0}).at_once == 100);
    CHECK(cut({terabyte, terabyte}, {most, 16, Bytes::most, Bytes::most}).at_once == 16);
    CHECK(cut({terabyte, terabyte}, {most, 1, 0, 1}).at_once <= static_cast<std::int64_t>(terabyte));
    CHECK(cut({terabyte, terabyte}, {-5, 1, 0, 1}).at_once == 0);
}

TEST_CASE("what does not fit is refused with the sizes") {
    CHECK_NOTHROW(require({100, 200}, 100, "images"));
    try {
        require({100, 200}, 101, "11 images of box 24");
        FAIL("not refused");
    } catch (const MemoryShortage& shortage) {
        CHECK_THAT(shortage.what(), ContainsSubstring("device memory of 101 bytes or more for 11 images of box 24 (100 of 200 free)"));
        CHECK_THAT(shortage.what(), ContainsSubstring("'cpu'"));
    }
}

TEST_CASE("counts of arrays by hand") {
    CHECK(images_take(10, 100, 8).resident == Bytes(10 * (8 * 100 + 4 * 64) + 12 * 100));
    CHECK(equations_take(10).resident == Bytes(4 * (1000 + 8000)));
    // 17 rows are two groups of 16, complex.
    CHECK(rows_take(17, 20).resident == Bytes(32 * 20 * 8));
    // Side 12, width 5: margins of 3; 19 rows of 6 + 1 + 6 + 8 elements.
    CHECK(transform_take(8, 12, 5).resident == Bytes(8 * 19 * 19 * 21));
    CHECK(padded_side_of(144, 1.333) == 192);
}

TEST_CASE("the cuts of a usual search on a large device are not limited by its memory") {
    const DeviceMemory memory{79 * gigabyte, 80 * gigabyte};
    CHECK(slices_cut(memory, 100000, 8000).at_once == 256 * 1048576 / (8 * 8000 + 36));
    CHECK(insertion_cut(memory, {10000, 8000, 144, 192, 384, 5}).at_once == (1 << 23) / 8000);
    CHECK(candidates_cut(memory, 1 << 20, 8000).at_once == 1 << 18);
    CHECK(pair_scores_cut(memory, 10000, 9000, false).at_once == 64 * 1048576 / 72000 / 16 * 16);
    CHECK(search_cut(memory, {1000, 144, 9000, 36, 256, 107, 1640}).at_once == 256 * 1048576 / (36 * 128 * 8) / 8 * 8);
    const BestCut best = best_cut(memory, {32, 416, 13, 9000, 8, 256});
    CHECK(best.rows == 256);
    CHECK(best.blocks == largest_best_step);
}

TEST_CASE("an insertion sorts fewer samples at a time where the memory is small, down to those of one pose") {
    const InsertionSizes sizes{5000, 8000, 96, 128, 256, 5};
    const Cut large = insertion_cut({terabyte, terabyte}, sizes), smallest = insertion_cut({0, 0}, sizes);
    CHECK(large.at_once == (1 << 23) / 8000);
    CHECK(smallest.at_once == 1);
    CHECK(smallest.take.peak < large.take.peak);
    CHECK(smallest.take.least <= smallest.take.peak);
    CHECK(large.take.least == smallest.take.least);
    std::int64_t before = 1;
    bool between = false;
    for (std::uint64_t free = smallest.take.peak.count(); free < 2 * large.take.peak.count(); free += megabyte) {
        const DeviceMemory memory{free, terabyte};
        const Cut cut = insertion_cut(memory, sizes);
        CHECK(cut.at_once >= before);
        if (cut.at_once > 1) CHECK(cut.take.peak <= memory.room());
        between = between || (cut.at_once > 1 && cut.at_once < large.at_once);
        before = cut.at_once;
    }
    CHECK(between);
    CHECK(before == large.at_once);
    CHECK(insertion_cut({terabyte, terabyte}, {3, 0, 96, 128, 256, 5}).at_once == 3);
    CHECK(insertion_cut({0, 0}, {0, 100, 8, 12, 24, 5}).at_once == 0);
}

TEST_CASE("a search for the best is cut in rows first, then in directions") {
    const BestSizes sizes{32, 416, 13, 9000, 8, 416};
    std::int64_t rows = 416, blocks = largest_best_step;
    bool cut_rows = false, cut_blocks = false;
    for (std::uint64_t free = 256 * megabyte; free > 0; free = free * 3 / 4) {
        const BestCut best = best_cut({free, gigabyte}, sizes);
        CHECK(best.rows <= rows);
        CHECK(best.blocks <= blocks);
        CHECK(best.rows >= 16);
        CHECK(best.blocks >= 1);
        rows = best.rows, blocks = best.blocks;
        cut_rows = cut_rows || (rows < 416 && blocks == largest_best_step);
        cut_blocks = cut_blocks || blocks < largest_best_step;
        if (blocks < largest_best_step) CHECK(rows <= 32);
        if (best.take.least <= DeviceMemory{free, gigabyte}.room()) CHECK(best.take.peak <= DeviceMemory{free, gigabyte}.room());
    }
    CHECK(cut_rows);
    CHECK(cut_blocks);
    CHECK(best_cut({0, 0}, sizes).blocks == 1);
    CHECK(best_cut({gigabyte, gigabyte}, {0, 0, 1, 0, 8, 16}).rows == 0);
}

TEST_CASE("batches of hill climbing hold whole images, all of them, in order") {
    const std::vector<std::int64_t> first_row{0, 1, 4, 4 + 40, 46, 47, 60, 61};
    const std::int64_t images = 7;
    const auto ends_of = [&](std::uint64_t free, std::int64_t batch_rows) {
        const ClimbCut cut = climb_cut({free, free}, {first_row, {}, 1000, batch_rows});
        std::int64_t last = 0;
        for (const std::int64_t end : cut.end) {
            CHECK(end > last);
            last = end;
        }
        CHECK(last == images);
        if (cut.take.least <= DeviceMemory{free, free}.room()) CHECK(cut.take.peak <= DeviceMemory{free, free}.room());
        return cut.end;
    };
    using Ends = std::vector<std::int64_t>;
    CHECK(ends_of(gigabyte, 1000) == Ends{7});
    CHECK(ends_of(gigabyte, 15) == Ends{2, 3, 5, 7});
    CHECK(ends_of(gigabyte, 1) == Ends{1, 2, 3, 4, 5, 6, 7});
    CHECK(ends_of(0, 1000) == Ends{1, 2, 3, 4, 5, 6, 7});
    std::size_t batches = 7;
    for (std::uint64_t free = megabyte / 16; free < 16 * megabyte; free += megabyte / 16) {
        const std::size_t now = ends_of(free, 1000).size();
        CHECK(now <= batches);
        batches = now;
    }
    CHECK(batches == 1);
    // Lists: no more than 32 rows a batch.
    const std::vector<std::int64_t> first_view{0, 3, 3, 10, 10, 10, 14, 20};
    CHECK(climb_cut({gigabyte, gigabyte}, {first_row, first_view, 1000, 1000}).end == Ends{2, 3, 7});
    CHECK(climb_cut({gigabyte, gigabyte}, {std::vector<std::int64_t>{0}, {}, 1000, 1000}).end.empty());
}

TEST_CASE("a usual run fits a large device, is cut on a smaller one and refused by one that is too small") {
    const DeviceMemory large{79 * gigabyte, 80 * gigabyte};
    const RunPlan plan = plan_run(large, usual(1000));
    CHECK(std::string(plan.shortage).empty());
    CHECK(plan.free_bytes == 79 * gigabyte);
    CHECK(plan.peak_bytes < large.room().count());
    CHECK(plan.least_bytes <= plan.peak_bytes);
    CHECK(plan.peak_bytes > plan.images_bytes + plan.transforms_bytes + plan.search_bytes);
    CHECK(plan_run(large, usual(10000)).images_bytes > 9 * plan.images_bytes);

    const RunPlan exact = plan_run({plan.least_bytes, plan.least_bytes}, usual(1000));
    CHECK(std::string(exact.shortage).empty());
    CHECK(exact.directions_at_once <= plan.directions_at_once);
    const RunPlan refused = plan_run({plan.least_bytes - 1, 80 * gigabyte}, usual(1000));
    CHECK(terminated(refused));
    CHECK_THAT(refused.shortage, ContainsSubstring(std::to_string(plan.least_bytes)));
    CHECK_THAT(refused.shortage, ContainsSubstring(std::to_string(plan.least_bytes - 1)));
    CHECK_THAT(refused.shortage, ContainsSubstring("for the solution for a map"));

    for (const std::uint64_t bytes : {std::uint64_t{0}, megabyte}) {
        const RunPlan tiny = plan_run({bytes, bytes}, usual(1000));
        CHECK(terminated(tiny));
        CHECK_FALSE(std::string(tiny.shortage).empty());
        CHECK(tiny.least_bytes == plan.least_bytes);
        CHECK(tiny.directions_at_once == 8);
        CHECK(tiny.rows_at_once == 16);
        CHECK(tiny.poses_at_once == 1);
        CHECK(tiny.candidates_at_once == 1);
    }
}

TEST_CASE("images that are prepared on the device are planned with what that takes, others as they are") {
    const DeviceMemory large{79 * gigabyte, 80 * gigabyte};
    RunSizes s = usual(100);
    s.poses = s.transforms = s.directions = s.candidates = 0;
    const Take preparation = preparation_take({100, 256, 256, s.points, s.box, s.noise_frequencies});
    CHECK(plan_run(large, s).peak_bytes == preparation.peak.count());
    CHECK(plan_run(large, s).least_bytes == preparation.least.count());
    CHECK_THAT(plan_run({megabyte, gigabyte}, s).shortage, ContainsSubstring("for the preparation of the images"));
    s.height = 0;
    const std::uint64_t images = images_take(100, s.points, s.box).peak.count();
    CHECK(plan_run(large, s).peak_bytes == images);
    CHECK(images < preparation.least.count());
}

TEST_CASE("more memory never makes a cut smaller, and only a run whose smallest cuts do not fit is refused") {
    tumble::RandomStream random(3, 0, tumble::RandomPurpose::test);
    const auto up_to = [&](std::uint32_t n) { return static_cast<std::int64_t>(random.below(n)); };
    for (int trial = 0; trial < 300; trial++) {
        RunSizes s = usual(1 + up_to(20000));
        s.box = 8 + up_to(200);
        s.points = 1 + up_to(30000);
        s.directions = up_to(60000);
        s.rows = up_to(5000);
        s.images_a_batch = 1 + up_to(64);
        s.transforms = up_to(6);
        s.candidates = up_to(1000000);
        RunPlan before{};
        for (std::uint64_t free = megabyte; free <= 256 * gigabyte; free *= 2) {
            const DeviceMemory memory{free, free};
            const RunPlan plan = plan_run(memory, s);
            CHECK(plan.least_bytes <= plan.peak_bytes);
            CHECK(std::string(plan.shortage).empty() == (plan.least_bytes <= free));
            CHECK(plan.directions_at_once >= before.directions_at_once);
            CHECK(plan.rows_at_once >= before.rows_at_once);
            CHECK(plan.poses_at_once >= before.poses_at_once);
            CHECK(plan.candidates_at_once >= before.candidates_at_once);
            CHECK(plan.directions_at_once <= s.directions);
            CHECK(plan.rows_at_once <= s.rows);
            CHECK(plan.poses_at_once <= s.poses);
            CHECK(plan.candidates_at_once <= s.candidates);
            before = plan;
        }
    }
}

TEST_CASE("sizes without sense neither wrap nor end the planner") {
    for (const std::int64_t n : {std::int64_t{1} << 31, (std::int64_t{1} << 31) + 1, std::int64_t{1} << 40, std::int64_t{1} << 62, most - 1, most})
        for (const std::uint64_t bytes : {std::uint64_t{0}, megabyte, terabyte, Bytes::most - 1}) {
            INFO(n << " on " << bytes);
            const RunPlan plan = plan_run({bytes, bytes}, absurd(n));
            CHECK(terminated(plan));
            CHECK_FALSE(std::string(plan.shortage).empty());
            // n images of n^2 pixels alone are beyond all counting.
            CHECK(plan.images_bytes == Bytes::most);
            CHECK(plan.equations_bytes == Bytes::most);
            CHECK(plan.transforms_bytes == Bytes::most);
            CHECK(plan.search_bytes == Bytes::most);
            CHECK(plan.least_bytes == Bytes::most);
            CHECK(plan.peak_bytes == Bytes::most);
            CHECK(plan.directions_at_once == 8);
            CHECK(plan.rows_at_once == 16);
            CHECK(plan.poses_at_once == 1);
            CHECK(plan.candidates_at_once == 1);
        }
    for (const std::int64_t n : {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::min()}) {
        const RunPlan plan = plan_run({0, 0}, absurd(n));
        CHECK(std::string(plan.shortage).empty());
        CHECK(plan.peak_bytes == 0);
    }
    RunSizes no_number = usual(10);
    no_number.padding_factor = std::nan("");
    CHECK(plan_run({terabyte, terabyte}, no_number).peak_bytes > 0);
    // 2^33 points a row of 2^31 directions: more than 32 bits hold, less than 64.
    CHECK(slices_cut({terabyte, terabyte}, std::int64_t{1} << 31, std::int64_t{1} << 33).take.peak == Bytes((std::int64_t{16} << 33) + 36));
    CHECK(pair_scores_cut({terabyte, terabyte}, std::int64_t{1} << 40, std::int64_t{1} << 31, false).take.peak == Bytes(std::int64_t{16} << 34));
}
