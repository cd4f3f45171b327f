"""
    read_stack(path) -> images, pixel_size

Images of an MRC stack, Float32 images[x, y, image], lent by the library, and their pixel size in angstrom (0 where the file does
not say).
"""
function read_stack(path::AbstractString)
    stack = created(out -> tumble_stack_read(path, out), tumble_stack_destroy)
    pixel_size = Ref(0.0)
    check(tumble_stack_pixel_size(stack, pixel_size))
    return lent(out -> tumble_stack_images(stack, out), stack), pixel_size[]
end

"""
    write_map(path, map, voxel_size)

Writes a cubic map[x, y, z] as an MRC file.
"""
function write_map(path::AbstractString, map::AbstractArray, voxel_size::Real)
    check(lending(array -> tumble_map_write(path, array, voxel_size), strided(Float32, map)))
end
