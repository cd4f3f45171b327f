#include "app/convert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <vector>

#include "io/atoms_file.hpp"
#include "io/emd.hpp"
#include "io/file_format.hpp"
#include "io/poses_star.hpp"
#include "io/star.hpp"
#include "tumble/build_information.hpp"
#include "tumble/error.hpp"

namespace tumble::app {

namespace {

constexpr std::int64_t piece_values = std::int64_t{1} << 22;  // 16 MiB of float

std::string writer() {
    return "tumble " + build_information().version;
}

void check_finite(const std::string& file, const MrcInfo& info, const std::vector<float>& values,
                  std::int64_t first) {
    const auto odd = std::find_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
    if (odd == values.end()) return;
    const std::int64_t at = odd - values.begin();
    throw bad_input(fmt::format(
        "'{}': found the value {} in image {} at column {}, row {}, expected finite numbers", file, *odd,
        first + at / (info.nx * info.ny) + 1, at % info.nx + 1, at / info.nx % info.ny + 1));
}

double pixel_size_of(const std::string& file, const MrcInfo& info, MrcKind kind,
                     const ConvertOptions& options) {
    if (options.pixel_size_A > 0) return options.pixel_size_A;
    const auto [x, y, z] = info.cell_pixel_A;
    const double largest = kind == MrcKind::map ? std::max({x, y, z}) : std::max(x, y);
    const double smallest = kind == MrcKind::map ? std::min({x, y, z}) : std::min(x, y);
    if (largest > smallest * (1 + 1e-3))
        throw bad_input(fmt::format(
            "'{}': found pixels of {:.5g} x {:.5g} x {:.5g} A, expected the same size along every axis "
            "(--pixel-size sets it)",
            file, x, y, z));
    return x;
}

/// .mrcs is for images; under .mrc the input decides.
MrcKind kind_of_output(const std::string& input, const MrcInfo& info, const std::string& output) {
    if (format_of(output) == FileFormat::mrc_stack) return MrcKind::stack;
    const bool named_stack = format_of(input) == FileFormat::mrc_stack;
    return info.is_volume || !named_stack ? MrcKind::map : MrcKind::stack;
}

void convert_mrc(const std::string& input, const std::string& output, const ConvertOptions& options) {
    MrcReader reader(input, options.bytes);
    const MrcInfo& info = reader.info();
    const MrcKind kind = kind_of_output(input, info, output);
    MrcWriter file(output, info.nx, info.ny, pixel_size_of(input, info, kind, options), kind, writer(),
                   options.float16 ? MrcPrecision::float16 : MrcPrecision::float32);
    const std::int64_t image_values = info.nx * info.ny;
    const std::int64_t piece = std::clamp<std::int64_t>(piece_values / image_values, 1, info.nz);
    std::vector<float> values;
    for (std::int64_t first = 0; first < info.nz; first += piece) {
        const std::int64_t count = std::min(piece, info.nz - first);
        values.resize(static_cast<std::size_t>(count * image_values));
        reader.read_images(first, count, values.data());
        check_finite(input, info, values, first);
        file.write_images(values.data(), count);
    }
    file.commit();
}

void convert_from_hdf5(const std::string& input, const std::string& output, const ConvertOptions& options) {
    Volume map = read_emd_map(input, options.map_name);
    if (options.pixel_size_A > 0) map.voxel_A = options.pixel_size_A;
    if (format_of(output) == FileFormat::hdf5) return write_emd(output, map);
    MrcWriter file(output, map.box, map.box, map.voxel_A,
                   format_of(output) == FileFormat::mrc_stack ? MrcKind::stack : MrcKind::map, writer(),
                   options.float16 ? MrcPrecision::float16 : MrcPrecision::float32);
    file.write_images(map.values.data(), map.box);
    file.commit();
}

void convert_to_emd(const std::string& input, const std::string& output, const ConvertOptions& options) {
    MrcReadOptions read;
    read.bytes = options.bytes;
    Volume map = read_map(input, read);
    if (options.pixel_size_A > 0) map.voxel_A = options.pixel_size_A;
    write_emd(output, map);
}

void check_names(const std::string& input, const std::string& output) {
    constexpr const char* known = "expected .mrc, .mrcs, .map, .star, .xyz, .cif, .pdb, .emd or .h5";
    for (const std::string& file : {input, output})
        if (format_of(file) == FileFormat::unknown)
            throw bad_input(fmt::format("'{}': found an extension that is not known, {}", file, known));
    if (is_gzip_name(output))
        throw bad_input(fmt::format(
            "'{}': found a name that ends in .gz, expected one without (gzip is only read)", output));
}

}  // namespace

void convert(const std::string& input, const std::string& output, const ConvertOptions& options) {
    check_names(input, output);
    const FileFormat from = format_of(input), to = format_of(output);
    if (is_mrc(from) && is_mrc(to)) return convert_mrc(input, output, options);
    if (is_mrc(from) && to == FileFormat::hdf5) return convert_to_emd(input, output, options);
    if (from == FileFormat::hdf5 && (is_mrc(to) || to == FileFormat::hdf5))
        return convert_from_hdf5(input, output, options);
    if (is_atoms(from) && is_atoms(to)) return write_atoms(output, read_atoms(input), writer());
    if (from == FileFormat::star && to == FileFormat::star)
        return write_star(output, upgraded_to_relion31(read_star(input), input, options.pixel_size_A, 0));
    throw bad_input(fmt::format("'{}': found a name for {}, expected one for {}, which '{}' holds", output,
                                content_of(to), content_of(from), input));
}

}  // namespace tumble::app
