#include "reconstruct/first_model.hpp"

#include "atoms/atomic_model.hpp"
#include "reconstruct/starting_reference.hpp"

namespace tumble {

double atoms_radius_A(const PreparedImages& images) {
    constexpr double rim_A = 1;
    return images.particle_radius_A + rim_A;
}

Volume map_of_sites(std::span<const Vec3> sites, const PreparedImages& images, ThreadPool& pool) {
    const std::vector<double> heights(sites.size(), 1.0), amplitude(images.signal_power.size(), 1.0);
    return matched_reference(render_atoms(images.box, images.pixel_size_A, sites, heights, amplitude, pool), images, pool);
}

GlobalSearchOptions first_search(const FirstModelOptions& options, std::uint32_t pass) {
    GlobalSearchOptions search;
    search.low_per_A = options.bands.search_low;
    search.high_per_A = options.bands.search_high;
    search.shift_sigma_A = options.shift_sigma_A;
    search.shift_radius_A = search_shift_radius(options.shift_sigma_A);
    search.seed = options.seed;
    search.pass = pass;
    return search;
}

}  // namespace tumble
