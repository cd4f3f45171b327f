#include "map/restoration.hpp"

#include <algorithm>
#include <string>

#include "fourier/filters.hpp"
#include "fourier/fsc.hpp"
#include "tumble/error.hpp"

namespace tumble {

std::vector<double> wiener_filter(std::span<const double> fsc) {
    std::vector<double> out(fsc.size(), 0.0);
    if (!out.empty()) out[0] = 1;
    const std::size_t strongest = strongest_shell(fsc);
    for (std::size_t s = 1; s < fsc.size() && (s < strongest || fsc[s] > 0); s++) {
        const double c = std::clamp(fsc[s], 0.0, 1.0);
        out[s] = 2 * c / (1 + c);
    }
    return out;
}

Restoration restore(const Volume& map, std::span<const double> fsc, ThreadPool& pool) {
    Restoration out;
    out.filter = wiener_filter(fsc);
    out.map = multiplied_by_shells(map, out.filter, pool);
    return out;
}

Volume average_of_halves(const Volume& half1, const Volume& half2) {
    if (half1.box != half2.box)
        throw bad_input("Half maps have boxes " + std::to_string(half1.box) + " and " +
                        std::to_string(half2.box) + "; expected the same.");
    Volume out = half1;
    for (std::size_t i = 0; i < out.values.size(); i++)
        out.values[i] = 0.5f * (half1.values[i] + half2.values[i]);
    return out;
}

}  // namespace tumble
