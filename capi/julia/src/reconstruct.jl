# Options and what a run starts from, as keywords.
function options_of(pixel_size, element, poses, reference, halves, settings)
    options = created(tumble_options_create, tumble_options_destroy)
    for (name, value) in (:pixel_size => pixel_size, :element => element, settings...)
        set_option(options, name, value)
    end
    poses === nothing || set_poses(options, poses...)
    reference === nothing || set_reference(options, reference...)
    halves === nothing || set_halves(options, halves)
    return options
end

"""
    reconstruct(images; pixel_size, element, poses, reference, halves, progress, log, settings...)

From images to poses, maps and atoms: a `Tumble.Result`.

- `images[x, y, image]`: of any element type of tumble.h, handed over where they lie if they are a `StridedArray`, views included,
  and used in place where they are Float32 without gaps.
- `poses = (rotations, shifts)`: rotations[row, column, image] and shifts[1:2, image] in angstrom to start from.
- `reference = (map, voxel_size)`: a map[x, y, z] to start from. Without poses and reference the start is blind.
- `halves`: 1 or 2 for each image; by default blocks of ten images in turn.
- `progress(stage, fraction, round)`: called at most ten times a second within a stage; `true` cancels.
- `log(line)`: called with lines worth keeping.
- further options under their names with "_" for "-": `motif = "none"`, `seed = 2`, `threads = 1`, `max_resolution = 0.9`.

Throws a `TumbleError` with the library's sentence and status. Data that do not support a structure are no error: look at
`result.verdict`. Exceptions of the callbacks, Ctrl-C included, end the work within a second or so and come back.
"""
function reconstruct(images::AbstractArray; pixel_size, element, poses = nothing, reference = nothing, halves = nothing,
                     progress = silent, log = silent, settings...)
    options = options_of(pixel_size, element, poses, reference, halves, settings)
    out = Ref{Ptr{Cvoid}}(C_NULL)
    result = nothing
    reported(listening(progress, log)) do context
        status = lending(stack -> tumble_reconstruct(context, stack, options, out), strided(eltype(images), images))
        result = owned(out[], tumble_result_destroy)
        status
    end
    return Result(result)
end
