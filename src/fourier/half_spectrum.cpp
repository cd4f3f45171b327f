#include "fourier/half_spectrum.hpp"

#include "fourier/fft.hpp"

namespace tumble {

HalfSpectrum half_spectrum(VolumeView map) {
    HalfSpectrum out;
    out.box = map.box;
    const auto n = static_cast<std::size_t>(map.box);
    out.values.resize(n * n * out.columns());
    Fft3D(map.box).forward(map.data, out.values.data());
    return out;
}

Volume map_of(HalfSpectrum spectrum) {
    Volume out(spectrum.box, 0);
    Fft3D(spectrum.box).inverse(spectrum.values.data(), out.values.data());
    const auto scale = static_cast<float>(1 / std::pow(static_cast<double>(spectrum.box), 3));
    for (float& v : out.values) v *= scale;
    return out;
}

ShellSums shell_sums(const HalfSpectrum& a, const HalfSpectrum& b) {
    const int box = a.box, columns = box / 2 + 1;
    const auto shells = static_cast<std::size_t>(columns);
    ShellSums sums{std::vector<double>(shells), std::vector<double>(shells), std::vector<double>(shells),
                   std::vector<double>(shells)};
    std::size_t i = 0;
    for (int z = 0; z < box; z++)
        for (int y = 0; y < box; y++) {
            const double ky = signed_frequency(y, box), kz = signed_frequency(z, box);
            for (int x = 0; x < columns; x++, i++) {
                const auto shell = static_cast<std::size_t>(
                    std::lround(std::sqrt(static_cast<double>(x) * x + ky * ky + kz * kz)));
                if (shell >= shells) continue;
                const double share = independent_share(x, box);
                const std::complex<double> va(a.values[i]), vb(b.values[i]);
                sums.cross[shell] += share * (va.real() * vb.real() + va.imag() * vb.imag());
                sums.power_a[shell] += share * std::norm(va);
                sums.power_b[shell] += share * std::norm(vb);
                sums.samples[shell] += share;
            }
        }
    return sums;
}

}  // namespace tumble
