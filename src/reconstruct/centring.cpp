#include "reconstruct/centring.hpp"

#include <algorithm>
#include <cmath>

#include "reconstruct/global_search.hpp"
#include "reconstruct/map_estimate.hpp"
#include "reconstruct/posterior_poses.hpp"

namespace tumble {
namespace {

constexpr double widest_sigma_A = 1.2;
constexpr double looked_at_A = 2.2;    // from the centre of the image: less than the distance of neighbouring atoms
constexpr double loose_sigma_A = 1.0;  // of the prior while the error is measured
constexpr std::int64_t measured_images = 100;

}  // namespace

double measure_centring_sigma(const ResidentImages& images, const Volume& map, const WorkingBands& bands, std::uint64_t seed, Backend& backend) {
    GlobalSearchOptions search;
    search.low_per_A = bands.search_low;
    search.high_per_A = bands.search_high;
    search.shift_radius_A = looked_at_A;
    search.shift_sigma_A = loose_sigma_A;
    search.list_length = 2;
    search.seed = seed;
    NoProgress quiet;
    const auto which = spread_images(images->images, measured_images);
    std::vector<PosteriorPoses> poses;
    for (auto& list : global_search(images, scoring_transform(map, backend), which, search, backend, quiet))
        poses.push_back(posterior_of(std::move(list), 1, 0));
    recentre(poses);  // the map's own centre is not to count as an error of the images'
    return centring_sigma_of(poses);
}

double centring_sigma_of(const std::vector<PosteriorPoses>& poses) {
    std::vector<double> distance;
    for (const auto& p : best_poses(poses)) distance.push_back(std::hypot(p.pose.shift_A.x, p.pose.shift_A.y));
    const auto middle = distance.begin() + static_cast<std::ptrdiff_t>(distance.size() / 2);
    std::nth_element(distance.begin(), middle, distance.end());
    // The length of a vector of two normal numbers has its median at 1.177 standard deviations.
    return std::clamp(*middle / 1.177, 0.5 * usual_centring_sigma_A, widest_sigma_A);
}

double search_shift_radius(double sigma_A) { return 2 * std::max(sigma_A, usual_centring_sigma_A); }

}  // namespace tumble
