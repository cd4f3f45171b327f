#include "kernels/choice.hpp"

#include <bit>

#include "core/random.hpp"
#include "kernels/shared_memory.hpp"
#include "runtime/launch.hpp"

namespace tumble::cuda {
namespace {

constexpr int choice_threads = 128, offers_a_thread = 4, offers_a_round = choice_threads * offers_a_thread;
constexpr float infinity = __builtin_inff();
constexpr unsigned whole_warp = 0xffffffffu;

/// The candidates of one image.
struct Candidates {
    std::int64_t first_row, end_row, views;
    const int* list;  // or null: view v is number v

    __device__ Candidates(const ImageCandidates& all, std::int64_t image)
        : first_row(all.first_row[image]), end_row(all.first_row[image + 1]), views(all.all_views), list(nullptr) {
        if (!all.views) return;
        const std::int64_t begin = all.first_view[image], end = all.first_view[image + 1];
        if (begin == end) return;
        list = all.views + begin;
        views = end - begin;
    }
    __device__ std::int64_t view(std::int64_t number) const { return list ? list[number] : number; }
};

/// False for views of a list that come in another step.
__device__ inline bool holds(const ScoreTable& table, std::int64_t view) {
    return table.block_position || (view >= table.first_view && view < table.first_view + table.views);
}
__device__ inline float score_at(const ScoreTable& table, std::int64_t row, std::int64_t view) {
    const std::int64_t views_a_block = 2 * DeviceSearch::block_directions;
    const std::int64_t column =
        table.block_position ? table.block_position[view / views_a_block] * views_a_block + view % views_a_block : view - table.first_view;
    return table.scores[(row - table.first_row) * table.columns + column];
}

/// Order of the keys is that of the scores, then against that of the candidates. A negative zero counts as zero.
__device__ inline CandidateKey key_of(float score, std::uint32_t candidate) {
    const unsigned bits = __float_as_uint(score + 0.0f);
    const unsigned ordered = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
    return static_cast<CandidateKey>(ordered) << 32 | static_cast<std::uint32_t>(~candidate);
}
constexpr std::uint32_t score_bits(CandidateKey key) {
    const auto ordered = static_cast<std::uint32_t>(key >> 32);
    return ordered & 0x80000000u ? ordered ^ 0x80000000u : ~ordered;
}

/// The next lower float.
__device__ inline float below(float x) {
    if (!(x > -infinity)) return x;
    const unsigned bits = __float_as_uint(x);
    if ((bits & 0x7fffffffu) == 0) return __uint_as_float(0x80000001u);
    return __uint_as_float(bits & 0x80000000u ? bits + 1 : bits - 1);
}

/// What a score must exceed to enter a list. One step below the worst that may: an equal score can win by its lower row.
__device__ inline float entry_threshold(const BestLists& lists, const CandidateKey* list, int found, std::int64_t image) {
    const float incumbent = lists.incumbent ? lists.incumbent[image] : -infinity;
    if (found == 0) return incumbent;
    float worst = __uint_as_float(score_bits(list[0])) - lists.cut;
    if (found == lists.capacity) worst = fmaxf(worst, __uint_as_float(score_bits(list[lists.capacity - 1])));
    return fmaxf(incumbent, below(worst));
}

/// Collects the best keys of one image, by one thread block. New keys go to a buffer behind the list; where it may overflow,
/// and at the end, every key counts how many are better and so finds its place.
class Collector {
  public:
    __device__ Collector(CandidateKey* list, int found, int capacity, CandidateKey* buffer, unsigned* used)
        : list_(list), buffer_(buffer), used_(used), capacity_(capacity), room_(capacity + 2 * offers_a_round) {
        for (int i = static_cast<int>(threadIdx.x); i < found; i += choice_threads) buffer_[i] = list_[i];
        if (threadIdx.x == 0) *used_ = static_cast<unsigned>(found);
        cutoff_ = found == capacity ? list_[capacity - 1] : 0;
        __syncthreads();
    }
    /// All threads of the block together, before each thread's next offers_a_thread offers.
    __device__ void begin_round() {
        const int used = static_cast<int>(*used_);
        __syncthreads();
        if (used + offers_a_round > room_) settle(used);
    }
    __device__ void offer(CandidateKey key) {
        if (key > cutoff_) buffer_[atomicAdd(used_, 1u)] = key;
    }
    __device__ void end_round() { __syncthreads(); }
    /// Returns how many the list holds.
    __device__ int settle() { return settle(static_cast<int>(*used_)); }

  private:
    __device__ int settle(int used) {
        for (int i = static_cast<int>(threadIdx.x); i < used; i += choice_threads) {
            const CandidateKey key = buffer_[i];
            int better = 0;
            for (int other = 0; other < used; other++) better += buffer_[other] > key;
            if (better < capacity_) list_[better] = key;
        }
        __syncthreads();
        const int found = used < capacity_ ? used : capacity_;
        for (int i = static_cast<int>(threadIdx.x); i < found; i += choice_threads) buffer_[i] = list_[i];
        if (threadIdx.x == 0) *used_ = static_cast<unsigned>(found);
        if (found == capacity_) cutoff_ = list_[capacity_ - 1];
        __syncthreads();
        return found;
    }

    CandidateKey* list_;
    CandidateKey* buffer_;
    unsigned* used_;
    int capacity_, room_;
    CandidateKey cutoff_;
};

/// One image a block. `scratch`: [image][capacity + 2 rounds] in device memory where that is too much for shared memory.
__global__ void __launch_bounds__(choice_threads)
    offer(const ScoreTable table, const ImageCandidates all, const BestLists lists, CandidateKey* scratch, float* threshold) {
    CandidateKey* shared = shared_memory<CandidateKey>();
    unsigned* sm_used = reinterpret_cast<unsigned*>(shared);
    for (std::int64_t i = blockIdx.x; i < all.images; i += gridDim.x) {
        const std::int64_t image = all.first_image + i;
        const Candidates candidates(all, image);
        const std::int64_t first = candidates.first_row > table.first_row ? candidates.first_row : table.first_row;
        const std::int64_t table_end = table.first_row + table.rows, end = candidates.end_row < table_end ? candidates.end_row : table_end;
        CandidateKey* list = lists.keys + image * lists.capacity;
        int found = lists.found[image];
        const bool alone = lists.incumbent && lists.incumbent[image] == infinity;
        if (!alone && table.views > 0) {
            Collector best(list, found, lists.capacity, scratch ? scratch + i * (lists.capacity + 2 * offers_a_round) : shared + 1, sm_used);
            const std::int64_t first_number = candidates.list ? 0 : table.first_view;
            const std::int64_t end_number = candidates.list ? candidates.views : table.first_view + table.views;
            for (std::int64_t row = first; row < end; row++)
                for (std::int64_t number = first_number; number < end_number; number += offers_a_round) {
                    best.begin_round();
#pragma unroll
                    for (int n = 0; n < offers_a_thread; n++) {
                        const std::int64_t mine = number + n * choice_threads + threadIdx.x;
                        if (mine >= end_number) continue;
                        const std::int64_t view = candidates.view(mine);
                        if (!holds(table, view)) continue;
                        const float score = score_at(table, row, view);
                        const std::int64_t candidate = (row - candidates.first_row) * candidates.views + mine;
                        if (score > -infinity) best.offer(key_of(score, static_cast<std::uint32_t>(candidate)));
                    }
                    best.end_round();
                }
            found = best.settle();
            if (threadIdx.x == 0) lists.found[image] = found;
        }
        const float limit = entry_threshold(lists, list, found, image);
        for (std::int64_t row = first + threadIdx.x; row < end; row += choice_threads) threshold[row - table.first_row] = limit;
    }
}

/// The i-th draw of an image's visiting order: RandomStream::below(left), i numbers drawn before.
struct Draws {
    std::uint32_t seed_low, seed_high, pass, number, purpose, count;

    __device__ std::uint32_t slot(std::uint32_t i) const {
        const PhiloxBlock four = philox4x32({i / 4, pass, number, purpose}, {seed_low, seed_high});
        const std::uint32_t even = i & 2u ? four[2] : four[0], odd = i & 2u ? four[3] : four[1];
        return i + static_cast<std::uint32_t>((std::uint64_t{i & 1u ? odd : even} * (count - i)) >> 32);
    }
};

/// Marks the image's candidates that score above `previous`. True if there are any.
__device__ bool mark_improvements(const ScoreTable& table, const Candidates& candidates, std::int64_t count, float previous, unsigned* marks) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    bool any = false;
    for (std::int64_t word = threadIdx.x / 32; word * 32 < count; word += choice_threads / 32) {
        const std::int64_t c = word * 32 + lane;
        bool better = false;
        if (c < count) {
            const auto views = static_cast<std::uint32_t>(candidates.views), place = static_cast<std::uint32_t>(c);
            better = score_at(table, candidates.first_row + place / views, candidates.view(place % views)) > previous;
        }
        const unsigned bits = __ballot_sync(whole_warp, better);
        if (lane == 0) marks[word] = bits;
        any = any || bits != 0;
    }
    return __syncthreads_or(any);
}

/// Fisher and Yates' shuffle draws slot j(i) >= i at visit i, takes the candidate there and puts that of slot i in its place. The
/// permutation is never made: a bit a slot says whether an improvement lies there now. A visit matters only if it finds one (bit
/// of j) or moves one (bit of i), so that a warp looks at 32 visits at once and goes to the first that matters.
/// Returns the visit that finds an improvement; there is one.
__device__ std::uint32_t first_found(const Draws& draws, unsigned* marks) {
    const std::uint32_t lane = threadIdx.x % 32;
    const auto marked = [&](std::uint32_t slot) { return (marks[slot / 32] >> slot % 32 & 1u) != 0; };
    for (std::uint64_t base = 0; base < draws.count;) {
        const std::uint64_t visit = base + lane;
        const bool exists = visit < draws.count;
        const auto i = static_cast<std::uint32_t>(visit);
        const std::uint32_t j = exists ? draws.slot(i) : 0;
        const bool finds = exists && marked(j), moves = exists && marked(i);
        const unsigned found = __ballot_sync(whole_warp, finds), matters = __ballot_sync(whole_warp, finds || moves);
        if (matters == 0) {
            base += 32;
            continue;
        }
        const auto first = static_cast<std::uint32_t>(__ffs(static_cast<int>(matters)) - 1);
        if (found >> first & 1u) return static_cast<std::uint32_t>(base) + first;
        if (lane == first) marks[j / 32] |= 1u << j % 32;
        __syncwarp();
        base += first + 1;
    }
    return draws.count;
}

/// Which candidate visit `visit` finds: that of its slot, unless an earlier visit has put another one there.
__device__ std::uint32_t candidate_at(const Draws& draws, std::uint32_t visit) {
    const std::uint32_t lane = threadIdx.x % 32;
    std::uint32_t slot = draws.slot(visit);
    for (std::uint32_t end = visit; end > 0;) {  // visits below `end` are still to be asked, the latest first
        const bool exists = lane < end;
        const std::uint32_t i = exists ? end - 1 - lane : 0;
        const unsigned filled = __ballot_sync(whole_warp, exists && draws.slot(i) == slot);
        if (filled == 0) {
            end = end > 32 ? end - 32 : 0;
            continue;
        }
        slot = end - static_cast<std::uint32_t>(__ffs(static_cast<int>(filled)));
        end = slot;
    }
    return slot;
}

/// One image a block; its first warp walks.
__global__ void __launch_bounds__(choice_threads) climb(const ScoreTable table, const ImageCandidates all, const ClimbRule rule) {
    for (std::int64_t index = blockIdx.x; index < all.images; index += gridDim.x) {
        const std::int64_t image = all.first_image + index;
        const Candidates candidates(all, image);
        const std::int64_t count = (candidates.end_row - candidates.first_row) * candidates.views;
        unsigned* marks = rule.marks + index * rule.words;
        const bool any = mark_improvements(table, candidates, count, rule.previous[image], marks);
        if (threadIdx.x < 32) {
            const Draws draws{static_cast<std::uint32_t>(rule.seed), static_cast<std::uint32_t>(rule.seed >> 32), rule.pass,
                              rule.numbers[image], rule.purpose, static_cast<std::uint32_t>(count)};
            Climb result{-infinity, 0, 0, draws.count};
            if (any) {
                const std::uint32_t visit = first_found(draws, marks);
                result.candidate = candidate_at(draws, visit);
                const auto views = static_cast<std::uint32_t>(candidates.views);
                result.score = score_at(table, candidates.first_row + result.candidate / views, candidates.view(result.candidate % views));
                result.improved = 1;
                result.visited = visit + 1;
            }
            if (threadIdx.x == 0) {
                rule.climbs[image] = result;
                rule.incumbent[image] = any ? infinity : -infinity;
            }
        }
    }
}

__global__ void __launch_bounds__(choice_threads)
    spread(const ScoreTable table, const ImageCandidates all, const float* __restrict__ value, float* __restrict__ threshold) {
    for (std::int64_t i = blockIdx.x; i < all.images; i += gridDim.x) {
        const std::int64_t image = all.first_image + i;
        for (std::int64_t row = all.first_row[image] + threadIdx.x; row < all.first_row[image + 1]; row += choice_threads)
            threshold[row - table.first_row] = value[image];
    }
}

LaunchShape block_an_image(const ImageCandidates& candidates) {
    return {dim3(static_cast<unsigned>(candidates.images < 0x7fffffff ? candidates.images : 0x7fffffff)), dim3(choice_threads), 0};
}

}  // namespace

std::uint32_t candidate_of(CandidateKey key) {
    return ~static_cast<std::uint32_t>(key);
}
float score_of(CandidateKey key) {
    return std::bit_cast<float>(score_bits(key));
}

void offer_scores(Device& device, const ScoreTable& table, const ImageCandidates& candidates, const BestLists& lists, float* threshold) {
    if (candidates.images == 0) return;
    LaunchShape shape = block_an_image(candidates);
    const std::size_t keys = static_cast<std::size_t>(lists.capacity) + 2 * offers_a_round;
    shape.shared_bytes = (1 + keys) * sizeof(CandidateKey);
    DeviceBuffer<CandidateKey> scratch;
    if (shape.shared_bytes > static_cast<std::size_t>(device.limits().shared_bytes_a_block)) {
        shape.shared_bytes = sizeof(CandidateKey);
        scratch = DeviceBuffer<CandidateKey>(device, keys * static_cast<std::size_t>(candidates.images), "keys of candidates");
    }
    launch(device, "offer", offer, shape, table, candidates, lists, scratch.data(), threshold);
}

void first_improvements(Device& device, const ScoreTable& table, const ImageCandidates& candidates, const ClimbRule& rule) {
    if (candidates.images > 0) launch(device, "climb", climb, block_an_image(candidates), table, candidates, rule);
}

void spread_over_rows(Device& device, const ScoreTable& table, const ImageCandidates& candidates, const float* value, float* threshold) {
    if (candidates.images > 0) launch(device, "spread", spread, block_an_image(candidates), table, candidates, value, threshold);
}

}  // namespace tumble::cuda
