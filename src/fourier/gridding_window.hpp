#pragma once
// The gridding window (interpolation kernel) and its transform: Kaiser-Bessel (Jackson, Meyer, Nishimura &
// Macovski, IEEE Trans. Med. Imaging 10, 473, 1991; shape parameter by Beatty, Nishimura & Pauly, ibid. 24,
// 799, 2005, eq. 5).
namespace tumble {

struct GriddingWindow {
    int width = 5;           ///< grid points that it covers on each axis
    double padding = 1.333;  ///< padding factor that the shape is made for
    double beta() const;     ///< shape parameter from width and padding
    double value(
        double distance) const;  ///< window at `distance` grid points from its centre; 0 beyond width / 2
    double transform(double position) const;  ///< its transform at `position` = x / padded, in [-0.5, 0.5]
};

/// Slices within 2e-3 of the direct sum over atoms, for search and polish.
inline GriddingWindow default_window() {
    return {5, 1.333};
}
/// Slices within 2e-4, for final maps and checks (use padding_factor 2).
inline GriddingWindow wide_window() {
    return {6, 2.0};
}

}  // namespace tumble
