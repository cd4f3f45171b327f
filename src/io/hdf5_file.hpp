#pragma once
// HDF5 files with plain arrays and attributes. In a build without HDF5 everything here but has_hdf5 throws
// Error(system).
//
// A new file is put together in memory and appears whole with commit() (atomic_file.hpp), so a full disk or a
// kill leaves the earlier file untouched; it needs twice its size in memory for that moment. HDF5's own error
// messages are kept off the terminal. Any thread may use its own file; calls are put one after another where
// the HDF5 library was built without thread safety.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tumble {

bool has_hdf5();

class Hdf5File {
  public:
    static Hdf5File create(const std::string& path);
    /// Throws Error(input) for a missing file and for what is no HDF5 file.
    static Hdf5File open(const std::string& path);
    ~Hdf5File();
    Hdf5File(Hdf5File&&) noexcept;
    Hdf5File& operator=(Hdf5File&&) noexcept;

    const std::string& path() const;
    /// True for a group or a dataset of that name ("data/map").
    bool exists(const std::string& name) const;
    bool is_dataset(const std::string& name) const;
    /// Names of what a group ("/" for the root) holds, in alphabetical order.
    std::vector<std::string> children(const std::string& group) const;
    /// Also makes the groups above it. No error when it is there already.
    void create_group(const std::string& name);

    /// Copies a group of another file with all that it holds, under the same name. Throws Error(input) when it
    /// is not there, Error(system) when it cannot be copied.
    void copy_group(const Hdf5File& from, const std::string& group);

    /// T: float, double, std::int64_t or std::uint8_t. `shape` has the slowest dimension first; its product
    /// is values.size(). The groups that the name holds are made. Throws Error(system).
    template <typename T>
    void write(const std::string& name, std::span<const T> values, std::span<const std::int64_t> shape);
    /// One dimension.
    template <typename T>
    void write(const std::string& name, const std::vector<T>& values) {
        const std::int64_t length = static_cast<std::int64_t>(values.size());
        write(name, std::span<const T>(values), std::span<const std::int64_t>(&length, 1));
    }
    /// Throws Error(input) when there is no dataset of that name.
    std::vector<std::int64_t> shape(const std::string& name) const;
    /// The whole dataset, converted from any number type. Throws Error(input) when it is missing or holds no
    /// numbers.
    template <typename T>
    std::vector<T> read(const std::string& name) const;

    /// Attributes of a group or dataset ("/" for the root). Writing throws Error(system); reading throws
    /// Error(input) when the object or the attribute is missing or of another kind.
    void write_text(const std::string& object, const std::string& attribute, const std::string& value);
    void write_number(const std::string& object, const std::string& attribute, double value);
    void write_integer(const std::string& object, const std::string& attribute, std::int64_t value);
    bool has_attribute(const std::string& object, const std::string& attribute) const;
    bool attribute_is_text(const std::string& object, const std::string& attribute) const;
    std::string read_text(const std::string& object, const std::string& attribute) const;
    double read_number(const std::string& object, const std::string& attribute) const;
    std::int64_t read_integer(const std::string& object, const std::string& attribute) const;

    /// Writes a file made by create() to its place. Throws Error(input) or Error(system) as AtomicFile.
    void commit();

  private:
    class Content;
    explicit Hdf5File(std::unique_ptr<Content> content);
    std::unique_ptr<Content> content_;
};

}  // namespace tumble
