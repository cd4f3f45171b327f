#include "reconstruct/fold_maps.hpp"

#include <algorithm>
#include <numeric>

#include "core/random.hpp"

namespace tumble {

std::vector<int> draw_folds(std::int64_t images, int folds, std::uint64_t seed, std::uint32_t pass, std::int64_t block) {
    const std::int64_t blocks = (images + block - 1) / block;
    std::vector<std::int64_t> order(static_cast<std::size_t>(blocks));
    std::iota(order.begin(), order.end(), 0);
    RandomStream random(seed, 0, RandomPurpose::fold, pass);
    for (std::size_t i = order.size(); i > 1; i--) std::swap(order[i - 1], order[random.below(static_cast<std::uint32_t>(i))]);
    std::vector<int> fold(static_cast<std::size_t>(images));
    for (std::size_t b = 0; b < order.size(); b++)
        for (std::int64_t i = order[b] * block; i < std::min(images, (order[b] + 1) * block); i++)
            fold[static_cast<std::size_t>(i)] = static_cast<int>(b) % folds;
    return fold;
}

FoldEquations fold_equations(const ResidentImages& images, std::span<const WeightedPose> poses, std::span<const int> fold, int folds,
                             Band band, Backend& backend) {
    std::vector<std::vector<WeightedPose>> parts(static_cast<std::size_t>(folds));
    for (const auto& p : poses) parts[static_cast<std::size_t>(fold[static_cast<std::size_t>(p.image)])].push_back(p);
    FoldEquations out;
    for (const auto& part : parts) out.folds.push_back(equations_of(images, part, band, backend));
    out.total = backend.copy(out.folds[0]);
    for (std::size_t f = 1; f < out.folds.size(); f++) backend.add(out.total, out.folds[f]);
    return out;
}

Volume map_without(FoldEquations& equations, int fold, const PreparedImages& images, double high_per_A, int steps, Backend& backend) {
    ResidentEquations rest = backend.copy(equations.total);
    auto& left_out = equations.folds[static_cast<std::size_t>(fold)];
    backend.subtract(rest, left_out);
    left_out = {};
    return solve_map(rest, images, high_per_A, steps, backend);
}

}  // namespace tumble
