#pragma once
// Counter-based random numbers, keyed by (seed, image, purpose): results do not depend on threads, batches or device.
// Philox4x32-10: Salmon, Moraes, Dror & Shaw, Proc. SC'11 (2011), "Parallel random numbers: as easy as 1, 2, 3".
#include <array>
#include <cmath>
#include <cstdint>

#include "core/host_device.hpp"

namespace tumble {

using PhiloxBlock = std::array<std::uint32_t, 4>;

/// Ten rounds of Philox4x32 on `counter` under `key`.
TUMBLE_HD inline PhiloxBlock philox4x32(PhiloxBlock counter, std::array<std::uint32_t, 2> key) {
    for (int round = 0; round < 10; round++) {
        const std::uint64_t p0 = std::uint64_t{0xD2511F53} * counter[0], p1 = std::uint64_t{0xCD9E8D57} * counter[2];
        counter = {static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(p1),
                   static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(p0)};
        key = {key[0] + 0x9E3779B9u, key[1] + 0xBB67AE85u};
    }
    return counter;
}

/// What a stream is for. Every use of random numbers in tumble is listed here, so that no two share a stream.
enum class RandomPurpose : std::uint32_t {
    visiting_order = 1,       ///< stochastic hill climbing: order in which an image visits directions
    direction_grid = 2,       ///< random turn of a grid of directions
    starting_pose = 3,
    fold = 4,                 ///< which fold an image belongs to
    phase_randomisation = 5,  ///< FSC with randomised phases
    noise = 6,                ///< simulated noise
    structure = 7,            ///< simulated particles
    neighbourhood = 8,        ///< neighbourhood form of hill climbing
    proposal = 9,
    motif = 10,               ///< places of a centre in a motif
    glass = 11,               ///< random starting atoms
    test = 1000
};

/// A stream of numbers for one (seed, image, purpose, pass); copies continue independently from where they are.
class RandomStream {
  public:
    TUMBLE_HD RandomStream(std::uint64_t seed, std::uint32_t image, RandomPurpose purpose, std::uint32_t pass = 0)
        : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
          counter_{0, pass, image, static_cast<std::uint32_t>(purpose)} {}

    /// Uniform 32-bit number.
    TUMBLE_HD std::uint32_t bits() {
        if (used_ == 4) {
            block_ = philox4x32(counter_, key_);
            counter_[0]++;
            used_ = 0;
        }
        return block_[static_cast<std::size_t>(used_++)];
    }
    /// Uniform in (0, 1).
    TUMBLE_HD double uniform() { return (bits() + 0.5) * 0x1p-32; }
    /// Uniform integer in [0, n), n > 0 (multiply-shift; bias below n / 2^32).
    TUMBLE_HD std::uint32_t below(std::uint32_t n) {
        return static_cast<std::uint32_t>((std::uint64_t{bits()} * n) >> 32);
    }
    /// Standard normal deviate (Box & Muller, Ann. Math. Stat. 29, 610, 1958; the cosine branch only, so that the
    /// number of words drawn per deviate is fixed).
    TUMBLE_HD double normal() {
        const double radius = std::sqrt(-2 * std::log(uniform()));
        return radius * std::cos(6.283185307179586 * uniform());
    }

  private:
    std::array<std::uint32_t, 2> key_;
    PhiloxBlock counter_;
    PhiloxBlock block_{};
    int used_ = 4;
};

}  // namespace tumble
