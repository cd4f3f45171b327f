# What the callbacks work with. They get it as their user data: function pointers to closures do not exist on every processor.
mutable struct Listener
    progress::Any
    log::Any
    context::Handle
    raised::Any
end

# An exception cannot pass through the library: it is kept, the work cancelled, and it is thrown afterwards.
function on_progress(progress::Ptr{tumble_progress}, user::Ptr{Cvoid})::Int32
    listener = unsafe_pointer_to_objref(user)::Listener
    try
        return reenable_sigint() do
            told = unsafe_load(progress)
            listener.progress(unsafe_string(told.stage), told.fraction, Int(told.round)) === true
        end
    catch error
        listener.raised = error
        return 1
    end
end

function on_log(line::Ptr{UInt8}, user::Ptr{Cvoid})::Cvoid
    listener = unsafe_pointer_to_objref(user)::Listener
    try
        reenable_sigint(() -> listener.log(unsafe_string(line)))
    catch error
        listener.raised = error
        tumble_context_cancel(listener.context)
    end
    return nothing
end

silent(arguments...) = nothing

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
    context = created(tumble_context_create, tumble_context_destroy)
    options = created(tumble_options_create, tumble_options_destroy)
    for (name, value) in (:pixel_size => pixel_size, :element => element, settings...)
        set_option(options, name, value)
    end
    poses === nothing || set_poses(options, poses...)
    reference === nothing || set_reference(options, reference...)
    halves === nothing || set_halves(options, halves)

    # Both callbacks are set even where nobody listens: in them Julia sees Ctrl-C, and other threads that wait to collect garbage go on.
    listener = Listener(progress, log, context, nothing)
    out = Ref{Ptr{Cvoid}}(C_NULL)
    status = GC.@preserve listener begin
        user = pointer_from_objref(listener)
        check(tumble_context_set_progress(context, @cfunction(on_progress, Int32, (Ptr{tumble_progress}, Ptr{Cvoid})), user))
        check(tumble_context_set_log(context, @cfunction(on_log, Cvoid, (Ptr{UInt8}, Ptr{Cvoid})), user))
        lending(strided(eltype(images), images)) do stack
            # Ctrl-C is let through inside the callbacks alone, where it can be caught.
            disable_sigint(() -> tumble_reconstruct(context, stack, options, out))
        end
    end
    result = owned(out[], tumble_result_destroy)
    listener.raised === nothing || throw(listener.raised)
    # The context's sentence and not the thread's: a callback that waits may let the task go on in another thread.
    status == TUMBLE_OK || throw(TumbleError(status, unsafe_string(tumble_context_error(context))))
    return Result(result)
end
