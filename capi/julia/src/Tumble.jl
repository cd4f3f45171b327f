"""
From images of one tumbling nanocrystal to its atoms.

    using Tumble
    images, pixel_size = Tumble.read_stack("images.mrcs")
    result = Tumble.reconstruct(images; pixel_size = 0.358, element = "Pt")
    result.positions, result.sigmas, result.map, result.verdict

`Tumble.Run` does the same step by step. The steps of a reconstruction one by one, for a search or a schedule of your own, are
`Tumble.Device`, `Images`, `Transform`, `Poses`, `Search`, `Equations`, `Atoms` and the functions on them.

Conventions are those of the C interface (docs/conventions.md): lengths in angstrom, angles in degrees, r_lab = R r_particle, atoms
measured from the map's origin, which counted from 0 is voxel n ÷ 2. Axes come in Julia's order, the fastest first, and are the
same memory as C's: images[x, y, image], map[x, y, z], positions[1:3, atom], shifts[1:2, image]. Rotations are
rotations[row, column, image], so that rotations[:, :, image] * r is the particle's r in the laboratory.

The library is the one that the environment variable TUMBLE_LIBRARY names, else libtumble from the system's folders.
"""
module Tumble

export TumbleError

include("library.jl")
include("abi.jl")
include("arrays.jl")
include("files.jl")
include("options.jl")
include("result.jl")
include("listener.jl")
include("reconstruct.jl")
include("run.jl")
include("device.jl")
include("operators.jl")

end
