#pragma once
// What a start from nothing hands on: a first map that the images can be searched against.
#include <cstdint>
#include <span>
#include <string>

#include "backend/backend.hpp"
#include "reconstruct/centring.hpp"
#include "reconstruct/global_search.hpp"
#include "reconstruct/working_bands.hpp"

namespace tumble {

struct FirstModelOptions {
    WorkingBands bands;
    double neighbour_A = 0;  ///< distance of neighbouring atoms (lattice-free start)
    double shift_sigma_A = usual_centring_sigma_A;
    std::uint64_t seed = 1;
};

struct FirstModel {
    Volume map;             ///< on the box of the images, each shell scaled to the power of their signal
    double score = 0;       ///< mean of the images that it was tried on, log-likelihood units; held out
    double explained = 0;   ///< that score over what a perfect model would have
    std::string structure;  ///< in words, for the log
};

/// Radius within which atoms are placed: the outermost lie beyond the radius at which the images' amplitude has fallen to half.
double atoms_radius_A(const PreparedImages& images);

/// Point atoms, all alike, as a map whose slices have the power of the images' signal.
Volume map_of_sites(std::span<const Vec3> sites_A, const PreparedImages& images, ThreadPool& pool);

/// A search in the search band around the centre of the images; `pass` draws the coarse grid.
GlobalSearchOptions first_search(const FirstModelOptions& options, std::uint32_t pass);

}  // namespace tumble
