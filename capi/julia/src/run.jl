"""
    Run(images; pixel_size, element, ...)

A reconstruction one step at a time, to look in, draw, stop and go on between its steps:

    run = Tumble.Run(images; pixel_size = 0.358, element = "Pt", checkpoint = "run.h5")
    while Tumble.step!(run)
        println(Tumble.stage(run), " ", Tumble.number(run, "moved"))
    end
    result = Tumble.take_result(run)

Arguments as for `Tumble.reconstruct`, with the same result, bit for bit. With `resume = 1` the steps in the checkpoint are not done
again. A step that throws leaves the run as it was, and can be done again.
"""
struct Run
    handle::Handle
    listener::Listener
end

function Run(images::AbstractArray; pixel_size, element, poses = nothing, reference = nothing, halves = nothing, progress = silent,
             log = silent, settings...)
    options = options_of(pixel_size, element, poses, reference, halves, settings)
    listener = listening(progress, log)
    out = Ref{Ptr{Cvoid}}(C_NULL)
    handle = nothing
    reported(listener) do context
        status = lending(stack -> tumble_run_create(context, stack, options, out), strided(eltype(images), images))
        handle = owned(out[], tumble_run_destroy)
        status
    end
    return Run(handle, listener)
end

"The first poses, a round of the search, a round of the half sets, or the final maps and atoms; `false` after the last."
function step!(run::Run)
    left = Ref{Int32}(1)
    reported(context -> tumble_run_step(context, run.handle, left), run.listener)
    return left[] != 0
end

"Kind of the last step: start, rounds, halves or done."
stage(run::Run) = GC.@preserve run unsafe_string(tumble_run_stage(run.handle))

"A number by its name in tumble.h (tumble_run_number): moved, explained, rounds, box, voxel_A."
function number(run::Run, name)
    value = Ref(0.0)
    check(tumble_run_number(run.handle, name, value))
    return value[]
end

"A copy of an array by its name in tumble.h (tumble_run_array), with its axes reversed: the library's own changes with the next step."
array(run::Run, name) = copy(lent(out -> tumble_run_array(run.handle, name, out), run.handle))

"Writes a checkpoint of the steps done so far."
save(run::Run, path::AbstractString) = check(tumble_run_save(run.handle, path))

"After the last step, once: a `Tumble.Result`."
take_result(run::Run) = Result(created(out -> tumble_run_take_result(run.handle, out), tumble_result_destroy))
