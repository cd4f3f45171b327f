#include "map/distance_transform.hpp"

#include <limits>

namespace tumble {

namespace {

constexpr float infinite = std::numeric_limits<float>::infinity();

/// Scratch of one line: samples, and the parabolas of the envelope with the points where they take over.
struct Line {
    std::vector<float> values, from;
    std::vector<int> apex;
    explicit Line(int n)
        : values(static_cast<std::size_t>(n)),
          from(static_cast<std::size_t>(n)),
          apex(static_cast<std::size_t>(n)) {}
};

void transform_line(float* data, std::size_t stride, int n, Line& line) {
    for (int i = 0; i < n; i++)
        line.values[static_cast<std::size_t>(i)] = data[static_cast<std::size_t>(i) * stride];
    const auto value = [&](int i) { return line.values[static_cast<std::size_t>(i)]; };
    int last = -1;
    for (int q = 0; q < n; q++) {
        if (value(q) == infinite) continue;
        float start = -infinite;
        while (last >= 0) {
            const int p = line.apex[static_cast<std::size_t>(last)];
            start = ((value(q) + static_cast<float>(q * q)) - (value(p) + static_cast<float>(p * p))) /
                    static_cast<float>(2 * (q - p));
            if (start > line.from[static_cast<std::size_t>(last)]) break;
            last--;
        }
        if (last < 0) start = -infinite;
        last++;
        line.apex[static_cast<std::size_t>(last)] = q;
        line.from[static_cast<std::size_t>(last)] = start;
    }
    if (last < 0) return;
    int part = 0;
    for (int i = 0; i < n; i++) {
        while (part < last && line.from[static_cast<std::size_t>(part) + 1] < static_cast<float>(i)) part++;
        const int p = line.apex[static_cast<std::size_t>(part)];
        data[static_cast<std::size_t>(i) * stride] = static_cast<float>((i - p) * (i - p)) + value(p);
    }
}

}  // namespace

std::vector<float> squared_distances(const std::vector<bool>& inside, int box, ThreadPool& pool) {
    const auto n = static_cast<std::size_t>(box);
    std::vector<float> out(inside.size());
    for (std::size_t i = 0; i < out.size(); i++) out[i] = inside[i] ? 0 : infinite;
    for (const std::size_t stride : {std::size_t{1}, n, n * n})
        pool.run(static_cast<std::int64_t>(n * n), [&](std::int64_t begin, std::int64_t end, int) {
            Line line(box);
            for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); i++) {
                const std::size_t start = stride == 1 ? i * n : stride == n ? i / n * n * n + i % n : i;
                transform_line(out.data() + start, stride, box, line);
            }
        });
    return out;
}

}  // namespace tumble
