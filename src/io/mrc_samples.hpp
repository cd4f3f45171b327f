#pragma once
// Values as MRC files hold them, to and from float32.
#include <cstddef>
#include <cstdint>
#include <span>

#include "io/mrc_header.hpp"

namespace tumble {

/// IEEE 754 binary16 to float32, exact.
float float_from_half(std::uint16_t half);
/// The nearest binary16, ties to even; beyond 65504 infinity.
std::uint16_t half_from_float(float value);

/// Decodes values.size() values of info.mode. `bytes` holds exactly those values (half as many bytes in mode
/// 101).
void decode_samples(const MrcInfo& info, std::span<const std::byte> bytes, std::span<float> values);

/// values as little-endian float32 or float16. `bytes` holds 4 or 2 bytes a value.
void encode_float32(std::span<const float> values, std::span<std::byte> bytes);
void encode_float16(std::span<const float> values, std::span<std::byte> bytes);

}  // namespace tumble
