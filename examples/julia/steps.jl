# A host that drives the reconstruction itself: it looks in after each step, draws its own progress, cancels half way as a user
# would, and resumes in a new run from the checkpoint:
# julia --project=capi/julia steps.jl IMAGES.mrcs PIXEL_SIZE_A ELEMENT CHECKPOINT.h5
using Printf
using Tumble

function show_run(run)
    rounds, moved, explained = (Tumble.number(run, name) for name in ("rounds", "moved", "explained"))
    @printf(stderr, "\r%s: %.0f rounds, %.1f %% of the images moved, %.2f of the signal explained\n", Tumble.stage(run), rounds, 100 * moved,
            explained)
end

function main(path, pixel_size, element, checkpoint)
    images, _ = Tumble.read_stack(path)
    reports, cancel_at = 0, -1  # -1: never
    function progress(stage, fraction, round)
        @printf(stderr, "\r%-16s %3.0f %%", stage, 100 * fraction)
        reports += 1
        return reports == cancel_at
    end

    # The start and one round; then the user loses patience in the middle of the next.
    run = Tumble.Run(images; pixel_size, element, checkpoint, progress)
    for _ in 1:2
        Tumble.step!(run)
        show_run(run)
    end
    cancel_at = reports + 2
    try
        Tumble.step!(run)
        println(stderr, "\nthe step ended before it could be cancelled")
    catch error
        error isa TumbleError && error.status == Tumble.TUMBLE_E_CANCELLED || rethrow()
        println(stderr, "\n", error.sentence)
    end

    cancel_at = -1
    run = Tumble.Run(images; pixel_size, element, checkpoint, progress, resume = 1)
    more = true
    while more
        more = Tumble.step!(run)
        show_run(run)
    end
    result = Tumble.take_result(run)
    positions, sigmas = result.positions, result.sigmas
    @printf("# %d atoms: x y z sigma_x sigma_y sigma_z (A)\n", size(positions, 2))
    for atom in axes(positions, 2)
        println(join([@sprintf("%.6f", value) for value in [positions[:, atom]; sigmas[:, atom]]], " "))
    end
end

length(ARGS) == 4 || error("usage: steps.jl IMAGES.mrcs PIXEL_SIZE_A ELEMENT CHECKPOINT.h5")
main(ARGS[1], parse(Float64, ARGS[2]), ARGS[3], ARGS[4])
