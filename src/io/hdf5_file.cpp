#include "io/hdf5_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <numeric>
#include <system_error>
#include <type_traits>

#include "io/atomic_file.hpp"
#include "io/hdf5_handle.hpp"
#include "tumble/error.hpp"

namespace tumble {

bool has_hdf5() {
    return true;
}

class Hdf5File::Content {
  public:
    Content(std::string file_path, Hdf5Handle handle) : path(std::move(file_path)), file(std::move(handle)) {}
    ~Content() {
        const Hdf5Call call;
        file = {};
    }
    std::string path;
    Hdf5Handle file;
};

namespace {

constexpr std::size_t memory_step = std::size_t{16} << 20;

template <typename T>
hid_t memory_type() {
    if constexpr (std::is_same_v<T, float>) return H5T_NATIVE_FLOAT;
    if constexpr (std::is_same_v<T, double>) return H5T_NATIVE_DOUBLE;
    if constexpr (std::is_same_v<T, std::int64_t>) return H5T_NATIVE_INT64;
    if constexpr (std::is_same_v<T, std::uint8_t>) return H5T_NATIVE_UINT8;
}

/// Files are the same on every machine.
template <typename T>
hid_t file_type() {
    if constexpr (std::is_same_v<T, float>) return H5T_IEEE_F32LE;
    if constexpr (std::is_same_v<T, double>) return H5T_IEEE_F64LE;
    if constexpr (std::is_same_v<T, std::int64_t>) return H5T_STD_I64LE;
    if constexpr (std::is_same_v<T, std::uint8_t>) return H5T_STD_U8LE;
}

Error failed(const std::string& path, const std::string& name, const std::string& what) {
    return system_error(fmt::format("{}: HDF5 failed to {} '{}'", path, what, name));
}

/// H5Lexists wants every group on the way to be there.
bool link_exists(hid_t file, const std::string& name) {
    for (std::size_t end = name.find('/', 1);; end = name.find('/', end + 1)) {
        const std::string part = name.substr(0, end);
        if (!part.empty() && part != "/" && H5Lexists(file, part.c_str(), H5P_DEFAULT) <= 0) return false;
        if (end == std::string::npos) return true;
    }
}

Hdf5Handle making_groups() {
    Hdf5Handle list(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
    H5Pset_create_intermediate_group(list.id(), 1);
    return list;
}

Hdf5Handle open_dataset(hid_t file, const std::string& path, const std::string& name) {
    Hdf5Handle dataset;
    if (link_exists(file, name)) dataset = Hdf5Handle(H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose);
    if (!dataset.good()) throw bad_input(fmt::format("{}: dataset '{}' was not found", path, name));
    return dataset;
}

std::vector<hsize_t> dimensions(hid_t space) {
    const int rank = H5Sget_simple_extent_ndims(space);
    std::vector<hsize_t> n(static_cast<std::size_t>(std::max(rank, 0)));
    if (rank > 0) H5Sget_simple_extent_dims(space, n.data(), nullptr);
    return n;
}

Hdf5Handle open_object(hid_t file, const std::string& path, const std::string& object) {
    Hdf5Handle handle;
    if (object == "/" || link_exists(file, object))
        handle = Hdf5Handle(H5Oopen(file, object.c_str(), H5P_DEFAULT), H5Oclose);
    if (!handle.good()) throw bad_input(fmt::format("{}: object '{}' was not found", path, object));
    return handle;
}

Hdf5Handle open_attribute(hid_t file, const std::string& path, const std::string& object,
                          const std::string& attribute) {
    const Hdf5Handle owner = open_object(file, path, object);
    Hdf5Handle handle;
    if (H5Aexists(owner.id(), attribute.c_str()) > 0)
        handle = Hdf5Handle(H5Aopen(owner.id(), attribute.c_str(), H5P_DEFAULT), H5Aclose);
    if (!handle.good())
        throw bad_input(fmt::format("{}: attribute '{}' of '{}' was not found", path, attribute, object));
    return handle;
}

void write_attribute(hid_t file, const std::string& path, const std::string& object,
                     const std::string& attribute, hid_t stored_type, hid_t given_type, const void* value) {
    const Hdf5Handle owner = open_object(file, path, object);
    if (H5Aexists(owner.id(), attribute.c_str()) > 0) H5Adelete(owner.id(), attribute.c_str());
    const Hdf5Handle space(H5Screate(H5S_SCALAR), H5Sclose);
    const Hdf5Handle handle(
        H5Acreate2(owner.id(), attribute.c_str(), stored_type, space.id(), H5P_DEFAULT, H5P_DEFAULT),
        H5Aclose);
    if (!handle.good() || H5Awrite(handle.id(), given_type, value) < 0)
        throw failed(path, object + "/" + attribute, "write the attribute");
}

template <typename T>
T read_scalar(hid_t file, const std::string& path, const std::string& object, const std::string& attribute) {
    const Hdf5Handle handle = open_attribute(file, path, object, attribute);
    const Hdf5Handle space(H5Aget_space(handle.id()), H5Sclose);
    const Hdf5Handle type(H5Aget_type(handle.id()), H5Tclose);
    const H5T_class_t kind = H5Tget_class(type.id());
    T value{};
    const bool number =
        (kind == H5T_INTEGER || kind == H5T_FLOAT) && H5Sget_simple_extent_npoints(space.id()) == 1;
    if (!number || H5Aread(handle.id(), memory_type<T>(), &value) < 0)
        throw bad_input(
            fmt::format("{}: attribute '{}' of '{}' is no number, expected one", path, attribute, object));
    return value;
}

/// A type for text of variable length in memory.
Hdf5Handle text_type() {
    Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(type.id(), H5T_VARIABLE);
    H5Tset_cset(type.id(), H5T_CSET_UTF8);
    return type;
}

std::string read_variable_text(hid_t attribute, hid_t stored) {
    const Hdf5Handle type = text_type();
    H5Tset_cset(type.id(), H5Tget_cset(stored));
    char* text = nullptr;
    if (H5Aread(attribute, type.id(), &text) < 0 || text == nullptr) return {};
    std::string copy = text;
    H5free_memory(text);
    return copy;
}

std::string read_fixed_text(hid_t attribute, hid_t stored) {
    std::string text(H5Tget_size(stored), '\0');
    if (H5Aread(attribute, stored, text.data()) < 0) return {};
    text.erase(std::find(text.begin(), text.end(), '\0'), text.end());
    return text;
}

bool is_one_text(hid_t attribute, hid_t type) {
    const Hdf5Handle space(H5Aget_space(attribute), H5Sclose);
    return H5Tget_class(type) == H5T_STRING && H5Sget_simple_extent_npoints(space.id()) == 1;
}

}  // namespace

Hdf5File::Hdf5File(std::unique_ptr<Content> content) : content_(std::move(content)) {}
Hdf5File::~Hdf5File() = default;
Hdf5File::Hdf5File(Hdf5File&&) noexcept = default;
Hdf5File& Hdf5File::operator=(Hdf5File&&) noexcept = default;

Hdf5File Hdf5File::create(const std::string& path) {
    const Hdf5Call call;
    const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    // Without it the file would be made on the disk.
    if (!access.good() || H5Pset_fapl_core(access.id(), memory_step, 0) < 0) throw failed(path, "/", "create");
    // HDF5 refuses to open one name twice even in memory; nothing is ever made under this one.
    static std::atomic<std::uint64_t> made{0};
    const std::string name = fmt::format("tumble-in-memory-{}", made++);
    Hdf5Handle file(H5Fcreate(name.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.id()), H5Fclose);
    if (!file.good()) throw failed(path, "/", "create");
    return Hdf5File(std::make_unique<Content>(path, std::move(file)));
}

Hdf5File Hdf5File::open(const std::string& path) {
    std::error_code failure;
    if (!std::filesystem::exists(path, failure))
        throw bad_input(fmt::format("{}: the file was not found", path));
    const Hdf5Call call;
    Hdf5Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    if (!file.good())
        throw bad_input(
            fmt::format("{}: the file cannot be opened as HDF5, expected a whole HDF5 file", path));
    return Hdf5File(std::make_unique<Content>(path, std::move(file)));
}

const std::string& Hdf5File::path() const {
    return content_->path;
}

bool Hdf5File::exists(const std::string& name) const {
    const Hdf5Call call;
    return link_exists(content_->file.id(), name);
}

bool Hdf5File::is_dataset(const std::string& name) const {
    const Hdf5Call call;
    if (!link_exists(content_->file.id(), name)) return false;
    const Hdf5Handle object = open_object(content_->file.id(), path(), name);
    return H5Iget_type(object.id()) == H5I_DATASET;
}

std::vector<std::string> Hdf5File::children(const std::string& group) const {
    const Hdf5Call call;
    const Hdf5Handle handle = open_object(content_->file.id(), path(), group);
    std::vector<std::string> names;
    const auto add = [](hid_t, const char* name, const H5L_info_t*, void* list) -> herr_t {
        static_cast<std::vector<std::string>*>(list)->emplace_back(name);
        return 0;
    };
    if (H5Literate(handle.id(), H5_INDEX_NAME, H5_ITER_INC, nullptr, add, &names) < 0)
        throw bad_input(fmt::format("{}: '{}' is no group, expected one", path(), group));
    return names;
}

void Hdf5File::create_group(const std::string& name) {
    const Hdf5Call call;
    if (link_exists(content_->file.id(), name)) return;
    const Hdf5Handle list = making_groups();
    const Hdf5Handle group(H5Gcreate2(content_->file.id(), name.c_str(), list.id(), H5P_DEFAULT, H5P_DEFAULT),
                           H5Gclose);
    if (!group.good()) throw failed(path(), name, "create the group");
}

void Hdf5File::copy_group(const Hdf5File& from, const std::string& group) {
    const Hdf5Call call;
    if (!link_exists(from.content_->file.id(), group))
        throw bad_input(fmt::format("{}: found no group '{}'", from.path(), group));
    if (H5Ocopy(from.content_->file.id(), group.c_str(), content_->file.id(), group.c_str(), H5P_DEFAULT,
                H5P_DEFAULT) < 0)
        throw failed(path(), group, "copy the group");
}

template <typename T>
void Hdf5File::write(const std::string& name, std::span<const T> values,
                     std::span<const std::int64_t> shape) {
    const auto product = std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
    if (product != static_cast<std::int64_t>(values.size()))
        throw system_error(
            fmt::format("{}: '{}' has {} values for a shape of {}", path(), name, values.size(), product));
    const Hdf5Call call;
    const std::vector<hsize_t> n(shape.begin(), shape.end());
    const Hdf5Handle space(H5Screate_simple(static_cast<int>(n.size()), n.data(), nullptr), H5Sclose);
    const Hdf5Handle groups = making_groups();
    // Without the time of day in it, the same content makes the same file.
    const Hdf5Handle layout(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    H5Pset_obj_track_times(layout.id(), 0);
    if (link_exists(content_->file.id(), name)) H5Ldelete(content_->file.id(), name.c_str(), H5P_DEFAULT);
    const Hdf5Handle dataset(H5Dcreate2(content_->file.id(), name.c_str(), file_type<T>(), space.id(),
                                        groups.id(), layout.id(), H5P_DEFAULT),
                             H5Dclose);
    if (!dataset.good()) throw failed(path(), name, "create");
    if (!values.empty() &&
        H5Dwrite(dataset.id(), memory_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
        throw failed(path(), name, "write");
}

std::vector<std::int64_t> Hdf5File::shape(const std::string& name) const {
    const Hdf5Call call;
    const Hdf5Handle dataset = open_dataset(content_->file.id(), path(), name);
    const Hdf5Handle space(H5Dget_space(dataset.id()), H5Sclose);
    const std::vector<hsize_t> n = dimensions(space.id());
    return {n.begin(), n.end()};
}

template <typename T>
std::vector<T> Hdf5File::read(const std::string& name) const {
    const Hdf5Call call;
    const Hdf5Handle dataset = open_dataset(content_->file.id(), path(), name);
    const Hdf5Handle type(H5Dget_type(dataset.id()), H5Tclose);
    const H5T_class_t kind = H5Tget_class(type.id());
    if (kind != H5T_INTEGER && kind != H5T_FLOAT)
        throw bad_input(fmt::format("{}: dataset '{}' holds no numbers, expected numbers", path(), name));
    const Hdf5Handle space(H5Dget_space(dataset.id()), H5Sclose);
    std::vector<T> values(
        static_cast<std::size_t>(std::max<hssize_t>(H5Sget_simple_extent_npoints(space.id()), 0)));
    if (!values.empty() &&
        H5Dread(dataset.id(), memory_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
        throw bad_input(
            fmt::format("{}: dataset '{}' cannot be read, expected a whole HDF5 file", path(), name));
    return values;
}

void Hdf5File::write_text(const std::string& object, const std::string& attribute, const std::string& value) {
    const Hdf5Call call;
    const Hdf5Handle type = text_type();
    const char* text = value.c_str();
    write_attribute(content_->file.id(), path(), object, attribute, type.id(), type.id(), &text);
}

void Hdf5File::write_number(const std::string& object, const std::string& attribute, double value) {
    const Hdf5Call call;
    write_attribute(content_->file.id(), path(), object, attribute, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE,
                    &value);
}

void Hdf5File::write_integer(const std::string& object, const std::string& attribute, std::int64_t value) {
    const Hdf5Call call;
    write_attribute(content_->file.id(), path(), object, attribute, H5T_STD_I64LE, H5T_NATIVE_INT64, &value);
}

bool Hdf5File::has_attribute(const std::string& object, const std::string& attribute) const {
    const Hdf5Call call;
    if (object != "/" && !link_exists(content_->file.id(), object)) return false;
    const Hdf5Handle owner = open_object(content_->file.id(), path(), object);
    return H5Aexists(owner.id(), attribute.c_str()) > 0;
}

bool Hdf5File::attribute_is_text(const std::string& object, const std::string& attribute) const {
    const Hdf5Call call;
    const Hdf5Handle handle = open_attribute(content_->file.id(), path(), object, attribute);
    const Hdf5Handle type(H5Aget_type(handle.id()), H5Tclose);
    return is_one_text(handle.id(), type.id());
}

std::string Hdf5File::read_text(const std::string& object, const std::string& attribute) const {
    const Hdf5Call call;
    const Hdf5Handle handle = open_attribute(content_->file.id(), path(), object, attribute);
    const Hdf5Handle type(H5Aget_type(handle.id()), H5Tclose);
    if (!is_one_text(handle.id(), type.id()))
        throw bad_input(
            fmt::format("{}: attribute '{}' of '{}' is no text, expected text", path(), attribute, object));
    return H5Tis_variable_str(type.id()) > 0 ? read_variable_text(handle.id(), type.id())
                                             : read_fixed_text(handle.id(), type.id());
}

double Hdf5File::read_number(const std::string& object, const std::string& attribute) const {
    const Hdf5Call call;
    return read_scalar<double>(content_->file.id(), path(), object, attribute);
}

std::int64_t Hdf5File::read_integer(const std::string& object, const std::string& attribute) const {
    const Hdf5Call call;
    return read_scalar<std::int64_t>(content_->file.id(), path(), object, attribute);
}

void Hdf5File::commit() {
    std::vector<std::byte> image;
    {
        const Hdf5Call call;
        if (H5Fflush(content_->file.id(), H5F_SCOPE_GLOBAL) < 0) throw failed(path(), "/", "flush");
        const ssize_t bytes = H5Fget_file_image(content_->file.id(), nullptr, 0);
        if (bytes <= 0) throw failed(path(), "/", "flush");
        image.resize(static_cast<std::size_t>(bytes));
        if (H5Fget_file_image(content_->file.id(), image.data(), image.size()) < 0)
            throw failed(path(), "/", "flush");
    }
    AtomicFile file(path());
    file.write(image.data(), image.size());
    file.commit();
}

template void Hdf5File::write(const std::string&, std::span<const float>, std::span<const std::int64_t>);
template void Hdf5File::write(const std::string&, std::span<const double>, std::span<const std::int64_t>);
template void Hdf5File::write(const std::string&, std::span<const std::int64_t>,
                              std::span<const std::int64_t>);
template void Hdf5File::write(const std::string&, std::span<const std::uint8_t>,
                              std::span<const std::int64_t>);
template std::vector<float> Hdf5File::read(const std::string&) const;
template std::vector<double> Hdf5File::read(const std::string&) const;
template std::vector<std::int64_t> Hdf5File::read(const std::string&) const;
template std::vector<std::uint8_t> Hdf5File::read(const std::string&) const;

}  // namespace tumble
