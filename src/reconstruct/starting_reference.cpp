#include "reconstruct/starting_reference.hpp"

#include <algorithm>
#include <cmath>

#include "fourier/filters.hpp"
#include "fourier/fsc.hpp"
#include "tumble/error.hpp"

namespace tumble {

Volume matched_reference(const Volume& reference, const PreparedImages& images, ThreadPool& pool) {
    const auto [low, high] = std::minmax_element(reference.values.begin(), reference.values.end());
    if (reference.values.empty() || !(*high > *low)) throw bad_input("the reference map is constant: expected a map of the particle");
    const bool same_grid = reference.box == images.box && std::abs(reference.voxel_A / images.pixel_size_A - 1) < 1e-4;
    const Volume map = same_grid ? reference : resample(reference, images.box, images.pixel_size_A);
    const auto power = shell_power(map.view(), pool);
    double strongest = 0;
    for (std::size_t s = 1; s < power.size(); s++) strongest = std::max(strongest, power[s]);
    std::vector<double> factors(std::min(power.size(), images.signal_power.size()), 0.0);
    for (std::size_t s = 1; s < factors.size(); s++)
        if (power[s] > 1e-5 * strongest) factors[s] = std::sqrt(images.signal_power[s] / power[s]);
    Volume matched = multiplied_by_shells(map, factors, pool);
    matched.voxel_A = images.pixel_size_A;
    return matched;
}

}  // namespace tumble
