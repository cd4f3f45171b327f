#include "reconstruct/particle_signal.hpp"

#include <cmath>
#include <numbers>

namespace tumble {

ParticleSignal particle_signal(const PreparedImages& images, double low_per_A, double high_per_A) {
    const Band band = band_of(images, low_per_A, high_per_A);
    const double radius = images.mask_radius_A / images.pixel_size_A, area = std::numbers::pi * radius * radius;
    double ratio = 0, weight = 0;
    for (std::size_t p = band.first; p < band.last; p++) {
        const auto s = static_cast<std::size_t>(images.shell[p]);
        if (s >= images.noise_power.size()) continue;
        ratio += images.signal_power[s] / (images.noise_power[s] * area);
        weight += 1;
    }
    ParticleSignal out;
    if (weight == 0) return out;
    out.ratio = ratio / weight;
    // Independent complex samples: half-plane points of the band, less the correlation that the mask brings.
    const double independent = static_cast<double>(images.images) * weight * std::min(1.0, area / (static_cast<double>(images.box) * images.box));
    out.significance = out.ratio * std::sqrt(independent);
    return out;
}

double expected_score(const PreparedImages& images, double low_per_A, double high_per_A) {
    const Band band = band_of(images, low_per_A, high_per_A);
    double sum = 0;
    for (std::size_t p = band.first; p < band.last; p++)
        if (const auto s = static_cast<std::size_t>(images.shell[p]); s < images.signal_power.size())
            sum += static_cast<double>(images.weight[p]) * images.signal_power[s];
    return sum;
}

}  // namespace tumble
