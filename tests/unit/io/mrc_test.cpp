#include "io/mrc.hpp"

#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "catch.hpp"
#include "io/mrc_samples.hpp"
#include "scratch_folder.hpp"
#include "tumble/error.hpp"

using namespace tumble;
using namespace tumble::test;

namespace {

const std::string reader_files = std::string(TUMBLE_TEST_DATA) + "/independent/reader_files/";

bool reader_files_are_there() {
    if (std::filesystem::exists(reader_files)) return true;
    WARN("skipped: " << reader_files << " is absent");
    return false;
}

ImageStack counting_stack(std::int64_t images, std::int64_t height, std::int64_t width) {
    ImageStack stack{images, height, width, 0.358, {}};
    for (std::int64_t i = 0; i < images * height * width; i++)
        stack.values.push_back(static_cast<float>(i % 251) * 0.25F - 20);
    return stack;
}

double sum(const std::vector<float>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
}

/// Puts a word of the header (counted from 1) into the bytes of a file, little endian.
template <typename T>
void set_word(std::string& bytes, std::size_t word, T value) {
    static_assert(sizeof(T) == 4);
    std::memcpy(bytes.data() + 4 * (word - 1), &value, 4);
}

std::string packed(const std::string& bytes, const ScratchFolder& folder) {
    const std::string path = folder.file("packing.gz");
    gzFile file = gzopen(path.c_str(), "wb");
    gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(file);
    return bytes_of(path);
}

/// A file of ours with nothing in it but what the test is about.
struct Sample {
    ScratchFolder folder;
    std::string path = folder.file("sample.mrcs");
    ImageStack stack = counting_stack(3, 4, 6);
    std::string bytes;
    Sample() {
        write_stack(path, stack.view(), stack.pixel_size_A);
        bytes = bytes_of(path);
    }
    std::string complaint_about(const std::string& changed) const {
        put_bytes(path, changed);
        const std::string sentence = complaint([&] { read_image_stack(path); });
        return sentence.starts_with(path + ": ") ? sentence.substr(path.size() + 2) : sentence;
    }
    ImageStack read(const std::string& changed, std::vector<std::string>* notes = nullptr) const {
        put_bytes(path, changed);
        return read_image_stack(path, notes);
    }
};

}  // namespace

// shape, sum and first values: independent/reader_files/manifest.csv, made and checked with mrcfile.
TEST_CASE("MRC files of other programs read as their makers say") {
    if (!reader_files_are_there()) return;
    struct Row {
        const char* file;
        std::array<std::int64_t, 3> shape;
        double sum;
        std::array<float, 3> first;
        double pixel_size_A;
    };
    const std::vector<Row> rows = {
        {"mode0_little.mrc", {3, 5, 7}, 5110, {-50, -49, -48}, 1.25},
        {"mode1_little.mrc", {3, 5, 7}, 7665, {-50, -49, -48}, 1.25},
        {"mode1_big.mrc", {3, 5, 7}, 7665, {-50, -49, -48}, 1.25},
        {"mode2_little.mrc", {3, 5, 7}, 3832.5, {-25, -24.5F, -24}, 1.25},
        {"mode2_big.mrc", {3, 5, 7}, 3832.5, {-25, -24.5F, -24}, 1.25},
        {"mode6_little.mrc", {3, 5, 7}, 12915, {0, 1, 2}, 1.25},
        {"mode6_big.mrc", {3, 5, 7}, 12915, {0, 1, 2}, 1.25},
        {"mode12_little.mrc", {3, 5, 7}, 3832.5, {-25, -24.5F, -24}, 1.25},
        {"mode12_big.mrc", {3, 5, 7}, 3832.5, {-25, -24.5F, -24}, 1.25},
        {"ncem.mrc", {3, 128, 128}, 24435.3063, {0.9490523F, 0.1537463F, 0.2469598F}, 2},
        {"legacy_no_map_stamp.mrc", {30, 30, 30}, 180, {0, 0, 0}, 1},
        {"de_sum.mrc", {1, 29, 12}, 104477964, {300209.9F, 300223.6F, 300191.4F}, 0},
        {"EMD-3197.map", {20, 20, 20}, 6268.89627, {-1.801309F, -1.66185F, -1.547833F}, 11.4},
    };
    for (const Row& row : rows) {
        INFO(row.file);
        const ImageStack stack = read_image_stack(reader_files + row.file);
        CHECK(std::array{stack.images, stack.height, stack.width} == row.shape);
        CHECK(sum(stack.values) == Approx(row.sum).epsilon(1e-8));
        for (std::size_t i = 0; i < 3; i++) CHECK(stack.values[i] == Approx(row.first[i]).epsilon(1e-6));
        CHECK(stack.pixel_size_A == Approx(row.pixel_size_A).epsilon(1e-6));
    }
    for (const char* file : {"mode4_little.mrc", "mode4_big.mrc"})
        CHECK(complaint([&] {
                  read_image_stack(reader_files + file);
              }).find("MODE: found 4 (complex float32), expected 0") != std::string::npos);
}

TEST_CASE("Axes of a map in another order are undone") {
    if (!reader_files_are_there()) return;
    MrcReader reader(reader_files + "EMD-3001.map");  // columns along z, rows along x, sections along y
    CHECK(reader.width() == 43);
    CHECK(reader.height() == 25);
    CHECK(reader.images() == 73);
    std::vector<float> values(43 * 25 * 73);
    reader.read_images(0, 73, values.data());
    CHECK(sum(values) == Approx(41.8245604).epsilon(1e-6));
    // The file's first three values follow each other along z.
    for (const auto& [z, value] :
         {std::pair(0, 0.04283447F), std::pair(1, 0.02694716F), std::pair(2, 0.03230741F)})
        CHECK(values[static_cast<std::size_t>(z) * 43 * 25] == Approx(value).epsilon(1e-6));
    std::vector<float> piece(2 * 43 * 25);
    reader.read_images(40, 2, piece.data());
    CHECK(std::equal(piece.begin(), piece.end(), values.begin() + 40 * 43 * 25));
    CHECK(reader.info().pixel_size_A.y == Approx(0.3925).epsilon(1e-4));
    CHECK(complaint([] {
              read_map(reader_files + "EMD-3001.map");
          }).find("43 x 25 x 73 voxels, expected a cubic map") != std::string::npos);
}

TEST_CASE("Every permutation of axes gives the same map") {
    const ScratchFolder folder;
    const std::string path = folder.file("map.mrc");
    Volume map(5, 0.5);
    std::iota(map.values.begin(), map.values.end(), 0.0F);
    std::array<int, 3> axes = {0, 1, 2};
    do {
        Volume turned(5, 0.5);  // its columns, rows and sections run along axes[0], [1], [2]
        for (int z = 0; z < 5; z++)
            for (int y = 0; y < 5; y++)
                for (int x = 0; x < 5; x++) {
                    const std::array at = {x, y, z};
                    turned.at(at[static_cast<std::size_t>(axes[0])], at[static_cast<std::size_t>(axes[1])],
                              at[static_cast<std::size_t>(axes[2])]) = map.at(x, y, z);
                }
        write_map(path, turned);
        std::string bytes = bytes_of(path);
        for (std::size_t i = 0; i < 3; i++) set_word(bytes, 17 + i, axes[i] + 1);
        put_bytes(path, bytes);
        CHECK(read_map(path).values == map.values);
    } while (std::next_permutation(axes.begin(), axes.end()));
}

TEST_CASE("Stacks and maps come back as they went in") {
    const ScratchFolder folder;
    const ImageStack stack = counting_stack(4, 6, 9);
    write_stack(folder.file("a.mrcs"), stack.view(), stack.pixel_size_A);
    const ImageStack back = read_image_stack(folder.file("a.mrcs"));
    CHECK(back.values == stack.values);
    CHECK(back.pixel_size_A == Approx(0.358).epsilon(1e-6));
    const MrcInfo info = read_mrc_info(folder.file("a.mrcs"));
    CHECK(info.space_group == 0);
    CHECK(info.labels.front().starts_with("tumble "));
    CHECK(info.notes.empty());

    Volume map(8, 1.25);
    std::iota(map.values.begin(), map.values.end(), -100.0F);
    write_map(folder.file("a.mrc"), map, "a label");
    const Volume map_back = read_map(folder.file("a.mrc"));
    CHECK(map_back.values == map.values);
    CHECK(map_back.voxel_A == Approx(1.25));
    CHECK(read_mrc_info(folder.file("a.mrc")).labels == std::vector<std::string>{"a label"});

    write_stack(folder.file("unknown.mrcs"), stack.view(), 0);
    CHECK(read_image_stack(folder.file("unknown.mrcs")).pixel_size_A == 0);
}

TEST_CASE("The statistics in a header are those of all values") {
    const ScratchFolder folder;
    ImageStack stack = counting_stack(50, 7, 11);
    for (float& value : stack.values) value += 1e4F;
    write_stack(folder.file("a.mrcs"), stack.view(), 1);
    const MrcInfo info = read_mrc_info(folder.file("a.mrcs"));
    const double n = static_cast<double>(stack.values.size());
    const double mean = sum(stack.values) / n;
    double squares = 0;
    for (const float value : stack.values) squares += (value - mean) * (value - mean);
    CHECK(info.minimum == *std::min_element(stack.values.begin(), stack.values.end()));
    CHECK(info.maximum == *std::max_element(stack.values.begin(), stack.values.end()));
    CHECK(info.mean == Approx(mean).epsilon(1e-6));
    CHECK(info.rms == Approx(std::sqrt(squares / n)).epsilon(1e-6));
}

TEST_CASE("float16 rounds to the nearest and refuses what it cannot hold") {
    CHECK(half_from_float(1.0F) == 0x3c00);
    CHECK(half_from_float(-2.0F) == 0xc000);
    CHECK(half_from_float(65504.0F) == 0x7bff);
    CHECK(half_from_float(1.0F + 0x1p-11F) == 0x3c00);      // a tie goes to the even one
    CHECK(half_from_float(1.0F + 3 * 0x1p-11F) == 0x3c02);  // also upwards
    CHECK(half_from_float(0x1p-24F) == 1);
    CHECK(half_from_float(0x1p-25F) == 0);
    bool inverse = true;
    for (std::uint32_t half = 0; half < 0x10000; half++) {
        const float value = float_from_half(static_cast<std::uint16_t>(half));
        inverse = inverse && (std::isnan(value) || half_from_float(value) == half);
    }
    CHECK(inverse);

    const ScratchFolder folder;
    ImageStack stack = counting_stack(2, 3, 5);
    write_stack(folder.file("a.mrcs"), stack.view(), 1, {}, MrcStorage::float16);
    CHECK(read_image_stack(folder.file("a.mrcs")).values == stack.values);
    CHECK(bytes_of(folder.file("a.mrcs")).size() == 1024 + 2 * stack.values.size());
    stack.values[20] = 70000;
    CHECK(complaint([&] {
              write_stack(folder.file("b.mrcs"), stack.view(), 1, {}, MrcStorage::float16);
          }).find("the value 70000 in image 2 cannot be written") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(folder.file("b.mrcs")));
    CHECK_FALSE(std::filesystem::exists(folder.file("b.mrcs.partial")));
}

TEST_CASE("Images are read in pieces and in any order") {
    const Sample sample;
    MrcReader reader(sample.path);
    std::vector<float> image(24);
    for (const std::int64_t i : {2, 0, 1}) {
        reader.read_images(i, 1, image.data());
        CHECK(std::equal(image.begin(), image.end(), sample.stack.view().image(i)));
    }
    CHECK_THROWS_AS(reader.read_images(2, 2, image.data()), Error);
}

TEST_CASE("The byte order is found where the stamp is nonsense or wrong") {
    if (!reader_files_are_there()) return;
    const ScratchFolder folder;
    for (const char* file : {"mode1_big.mrc", "mode2_little.mrc", "mode12_big.mrc"})
        for (const std::string stamp :
             {std::string(4, '\0'), std::string("DD\0\0", 4), std::string("\x11\x11\0\0", 4)}) {
            std::string bytes = bytes_of(reader_files + file);
            bytes.replace(212, 4, stamp);
            put_bytes(folder.file(file), bytes);
            CHECK(read_image_stack(folder.file(file)).values == read_image_stack(reader_files + file).values);
        }
}

TEST_CASE("Extended headers, unset axes and a missing MAP are read over") {
    const Sample sample;
    std::string bytes = sample.bytes;
    bytes.insert(1024, std::string(160, 'x'));
    set_word(bytes, 24, 160);
    for (const std::size_t word : {17, 18, 19}) set_word(bytes, word, 0);
    set_word(bytes, 53, 0);
    CHECK(sample.read(bytes).values == sample.stack.values);

    std::vector<std::string> notes;
    sample.read(sample.bytes + "rest", &notes);
    REQUIRE(notes.size() == 1);
    CHECK(notes.front().find("4 more than its header says") != std::string::npos);
}

TEST_CASE("Bytes are signed unless IMOD or the caller says otherwise") {
    const Sample sample;
    std::string bytes = sample.bytes.substr(0, 1024) + std::string(72, '\xc8');
    set_word(bytes, 4, 0);
    CHECK(sample.read(bytes).values.front() == -56);
    CHECK(read_image_stack(sample.path, nullptr, MrcByteSign::unsigned_bytes).values.front() == 200);
    set_word(bytes, 21, 200.0F);
    std::vector<std::string> notes;
    sample.read(bytes, &notes);
    REQUIRE(notes.size() == 1);
    CHECK(notes.front().find("bytes were read as signed") != std::string::npos);
    set_word(bytes, 39, 1146047817);
    CHECK(sample.read(bytes).values.front() == 200);
    set_word(bytes, 40, 1);
    CHECK(sample.read(bytes).values.front() == -56);
}

TEST_CASE("4-bit values come low nibble first, even rows only") {
    const Sample sample;
    std::string bytes = sample.bytes.substr(0, 1024) + std::string(36, '\x52');
    set_word(bytes, 4, 101);
    const ImageStack stack = sample.read(bytes);
    CHECK(stack.values[0] == 2);
    CHECK(stack.values[1] == 5);
    CHECK(stack.values[71] == 5);
    set_word(bytes, 1, 5);
    CHECK(sample.complaint_about(bytes).starts_with("NX: found 5, expected an even number in mode 101"));
}

TEST_CASE("Gzipped files are told by content; broken ones are refused") {
    const Sample sample;
    const std::string packed_bytes = packed(sample.bytes, sample.folder);
    CHECK(sample.read(packed_bytes).values == sample.stack.values);
    CHECK(read_mrc_info(sample.path).gzipped);
    for (const std::size_t cut : {packed_bytes.size() - 1, packed_bytes.size() / 2, std::size_t{20}}) {
        INFO(cut);
        CHECK(sample.complaint_about(packed_bytes.substr(0, cut)).starts_with("found a broken gzip file"));
    }
    std::string damaged = packed_bytes;
    damaged[damaged.size() - 6] = static_cast<char>(damaged[damaged.size() - 6] ^ 1);  // of the check sum
    CHECK(sample.complaint_about(damaged).starts_with("found a broken gzip file"));
    // A whole gzip stream of a cut file, and one that would not fit into any memory.
    CHECK(sample.complaint_about(packed(sample.bytes.substr(0, 1100), sample.folder)) ==
          "found 1100 bytes, expected 1312 bytes for 6 x 4 x 3 values of mode 2 (float32)");
    std::string huge = sample.bytes;
    for (const std::size_t word : {1, 2, 3}) set_word(huge, word, 1000000);
    CHECK(sample.complaint_about(packed(huge, sample.folder)).find("too few for what the header says") !=
          std::string::npos);
}

TEST_CASE("Bad MRC files are refused with one sentence") {
    const Sample sample;
    CHECK(complaint([&] { read_image_stack(sample.folder.file("none.mrc")); }) ==
          sample.folder.file("none.mrc") + ": the file was not found");
    CHECK(complaint([&] { read_image_stack(sample.folder.file("")); }).find("found a folder") !=
          std::string::npos);
    CHECK(sample.complaint_about("") == "found an empty file, expected an MRC file");
    CHECK(sample.complaint_about("short") ==
          "found 5 bytes, expected an MRC file, whose header alone has 1024");
    CHECK(sample.complaint_about(std::string(5000, 'a'))
              .starts_with("found no MRC header, expected an MRC file"));
    CHECK(sample.complaint_about(sample.bytes.substr(0, 1311)) ==
          "found 1311 bytes, expected 1312 bytes for 6 x 4 x 3 values of mode 2 (float32)");

    const auto with_word = [&](std::size_t word, std::int32_t value) {
        std::string bytes = sample.bytes;
        set_word(bytes, word, value);
        return sample.complaint_about(bytes);
    };
    CHECK(with_word(4, 3).starts_with(
        "MODE: found 3 (complex int16), expected 0 (int8), 1 (int16), 2 (float32)"));
    CHECK(with_word(4, 77).starts_with("MODE: found 77, expected 0"));
    CHECK(with_word(3, 0) == "NZ: found 0, expected at least 1");
    CHECK(with_word(1, -6) == "NX: found -6, expected at least 1");
    CHECK(with_word(18, 1) == "MAPC, MAPR, MAPS: found 1, 1, 3, expected a permutation of 1, 2, 3");
    CHECK(with_word(24, -4) == "NSYMBT: found -4, expected 0 or more bytes");
    CHECK(with_word(8, 7).starts_with("CELLA: found pixels of"));
}

TEST_CASE("Values that are no numbers are named with their image") {
    const Sample sample;
    std::string bytes = sample.bytes;
    const float nan = std::numeric_limits<float>::quiet_NaN();
    std::memcpy(bytes.data() + 1024 + 4 * (24 + 6 + 2), &nan, 4);
    CHECK(sample.complaint_about(bytes) ==
          "found the value nan in image 2 at column 3, row 2 (counted from 1), expected finite numbers");
    ImageStack stack = sample.stack;
    stack.values[50] = std::numeric_limits<float>::infinity();
    CHECK(complaint([&] { write_stack(sample.path, stack.view(), 1); }).find("the value inf in image 3") !=
          std::string::npos);
}
