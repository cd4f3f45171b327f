#include "pose/soft_assignment.hpp"

#include <algorithm>
#include <cmath>

#include "pose/exhaustive_search.hpp"
#include "tumble/error.hpp"

namespace tumble {

std::vector<double> posterior_weights(std::span<const float> scores, double temperature) {
    if (!(temperature > 0))
        throw bad_input("soft assignment: found temperature " + std::to_string(temperature) +
                        ", expected > 0");
    std::vector<double> out(scores.size(), 0.0);
    if (scores.empty()) return out;
    const double best = *std::max_element(scores.begin(), scores.end());
    if (!std::isfinite(best)) return out;
    double sum = 0;
    for (std::size_t i = 0; i < scores.size(); i++)
        sum += out[i] = std::exp((scores[i] - best) / temperature);
    for (double& weight : out) weight /= sum;
    return out;
}

std::vector<std::vector<WeightedPair>> soft_assignment(const AngularBasis& basis,
                                                       const DirectionPanel& directions,
                                                       const SearchRows& rows, const SoftOptions& options,
                                                       ThreadPool& pool) {
    if (!(options.temperature > 0) || !(options.smallest_weight > 0))
        throw bad_input("soft assignment: expected a temperature and a smallest weight above 0");
    const double cut = options.temperature * -std::log(options.smallest_weight);
    const auto lists = exhaustive_search(
        basis, directions, rows, {options.count, static_cast<float>(cut), options.batch_rows}, {}, pool);
    std::vector<std::vector<WeightedPair>> out;
    for (const auto& list : lists) {
        std::vector<float> scores;
        for (const auto& pair : list) scores.push_back(pair.score);
        const auto weights = posterior_weights(scores, options.temperature);
        auto& image = out.emplace_back();
        for (std::size_t i = 0; i < list.size(); i++) image.push_back({list[i], weights[i]});
    }
    return out;
}

}  // namespace tumble
