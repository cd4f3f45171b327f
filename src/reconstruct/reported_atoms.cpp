#include "reconstruct/reported_atoms.hpp"

#include <algorithm>
#include <vector>

namespace tumble {

Atoms reported_atoms(std::span<const FittedAtom> fitted, const std::string& element) {
    if (fitted.empty()) return {};
    std::vector<double> heights;
    for (const FittedAtom& f : fitted) heights.push_back(f.height);
    const auto middle = heights.begin() + static_cast<std::ptrdiff_t>(heights.size() / 2);
    std::nth_element(heights.begin(), middle, heights.end());
    Atoms atoms;
    for (const FittedAtom& f : fitted) atoms.push_back({element, f.position_A, f.sigma_A, f.height / *middle, f.width_A, 0});
    return atoms;
}

}  // namespace tumble
