#include "io/mrc_samples.hpp"

#include <bit>
#include <cmath>
#include <cstring>

namespace tumble {

namespace {

constexpr bool little_endian_machine = std::endian::native == std::endian::little;

std::uint16_t word16(const std::byte* at, bool swapped) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, at, 2);
    return swapped ? __builtin_bswap16(bits) : bits;
}

std::uint32_t word32(const std::byte* at, bool swapped) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, at, 4);
    return swapped ? __builtin_bswap32(bits) : bits;
}

/// IMOD, RELION and EMAN2 agree: the low four bits come first.
void decode_packed(std::span<const std::byte> bytes, std::span<float> values) {
    for (std::size_t i = 0; i < bytes.size(); i++) {
        values[2 * i] = static_cast<float>(std::to_integer<int>(bytes[i] & std::byte{15}));
        values[2 * i + 1] = static_cast<float>(std::to_integer<int>(bytes[i] >> 4));
    }
}

template <typename Convert>
void decode16(std::span<const std::byte> bytes, bool swapped, std::span<float> values, Convert convert) {
    for (std::size_t i = 0; i < values.size(); i++)
        values[i] = convert(word16(bytes.data() + 2 * i, swapped));
}

}  // namespace

float float_from_half(std::uint16_t half) {
    const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
    const std::uint32_t exponent = (half >> 10) & 31U;
    const std::uint32_t fraction = half & 1023U;
    if (exponent == 0) {  // zero and subnormal: fraction * 2^-24
        const float magnitude = std::ldexp(static_cast<float>(fraction), -24);
        return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | sign);
    }
    const std::uint32_t wide = exponent == 31 ? 255U : exponent + 112U;
    return std::bit_cast<float>(sign | (wide << 23) | (fraction << 13));
}

std::uint16_t half_from_float(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000U);
    if (std::isnan(value)) return static_cast<std::uint16_t>(sign | 0x7e00U);
    const float magnitude = std::abs(value);
    if (magnitude >= 65520.0F) return static_cast<std::uint16_t>(sign | 0x7c00U);
    // The spacing of binary16 numbers about the value; scaling by it and rounding is exact in float32.
    const int exponent = magnitude < std::ldexp(1.0F, -14) ? -14 : std::ilogb(magnitude);
    const auto steps = static_cast<std::uint32_t>(std::nearbyint(std::ldexp(magnitude, 10 - exponent)));
    // A normal number has 1024 to 2047 steps; 2048 carries into the exponent by itself.
    const auto biased = static_cast<std::uint32_t>(exponent + 14) << 10;
    return static_cast<std::uint16_t>(sign | (biased + steps));
}

void decode_samples(const MrcInfo& info, std::span<const std::byte> bytes, std::span<float> values) {
    switch (info.mode) {
        case MrcMode::packed4:
            decode_packed(bytes, values);
            return;
        case MrcMode::int8:
            for (std::size_t i = 0; i < values.size(); i++)
                values[i] = info.bytes_signed ? static_cast<float>(std::to_integer<std::int8_t>(bytes[i]))
                                              : static_cast<float>(std::to_integer<int>(bytes[i]));
            return;
        case MrcMode::int16:
            decode16(bytes, info.swapped, values,
                     [](std::uint16_t bits) { return static_cast<float>(static_cast<std::int16_t>(bits)); });
            return;
        case MrcMode::uint16:
            decode16(bytes, info.swapped, values,
                     [](std::uint16_t bits) { return static_cast<float>(bits); });
            return;
        case MrcMode::float16:
            decode16(bytes, info.swapped, values, float_from_half);
            return;
        case MrcMode::float32:
            for (std::size_t i = 0; i < values.size(); i++)
                values[i] = std::bit_cast<float>(word32(bytes.data() + 4 * i, info.swapped));
            return;
    }
}

void encode_float32(std::span<const float> values, std::span<std::byte> bytes) {
    for (std::size_t i = 0; i < values.size(); i++) {
        auto bits = std::bit_cast<std::uint32_t>(values[i]);
        if (!little_endian_machine) bits = __builtin_bswap32(bits);
        std::memcpy(bytes.data() + 4 * i, &bits, 4);
    }
}

void encode_float16(std::span<const float> values, std::span<std::byte> bytes) {
    for (std::size_t i = 0; i < values.size(); i++) {
        std::uint16_t bits = half_from_float(values[i]);
        if (!little_endian_machine) bits = __builtin_bswap16(bits);
        std::memcpy(bytes.data() + 2 * i, &bits, 2);
    }
}

}  // namespace tumble
