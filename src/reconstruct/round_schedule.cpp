#include "reconstruct/round_schedule.hpp"

#include <algorithm>
#include <cmath>

namespace tumble {
namespace {

constexpr int least_rounds = 5, most_rounds = 16, first_search = 2;
constexpr double cooling = 0.85;
constexpr double few_strayed = 0.02, few_moved = 0.01;

}  // namespace

std::optional<RoundStep> next_round(const RoundHistory& history, bool consecutive) {
    const bool settled = history.done >= least_rounds && history.strayed <= few_strayed && history.moved <= few_moved;
    if (settled || history.done >= most_rounds) return std::nullopt;
    const double first = consecutive ? 8 : 4, last = consecutive ? 3 : 1;
    RoundStep step;
    step.temperature = std::max(last, first * std::pow(cooling, history.done));
    step.search = history.done >= first_search && history.done % 2 == 0 && history.strayed > 0.5 * few_strayed;
    return step;
}

}  // namespace tumble
