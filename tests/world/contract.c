#include "contract.h"

#include "world/os.h"
#include "world/sim.h"

struct cw_world *world;
void *owner;

static int setup(struct cw_world *w)
{
	world = w;
	owner = talloc_named_const(NULL, 0, "owner");
	return owner ? 0 : -1;
}

int contract_setup_os(void **state)
{
	struct cw_world *w;

	if (cw_test_setup(state) || cw_os_new(NULL, &(struct cw_os_conf){.seed = 1, .workers = 2}, &w))
		return -1;
	return setup(w);
}

int contract_setup_sim(void **state)
{
	struct cw_world *w;

	if (cw_test_setup(state) || cw_sim_new(NULL, &(struct cw_sim_conf){.seed = 1}, &w))
		return -1;
	return setup(w);
}

int contract_teardown(void **state)
{
	talloc_free(owner);
	talloc_free(world);
	return cw_test_teardown(state);
}

void serve_for(uint64_t us)
{
	if (cw_world_is_sim(world))
		(void)cw_sim_run(world, cw_now(world) + us);
	else
		cw_os_run_for(world, us);
}

void serve_until(const bool *done)
{
	uint64_t end = cw_now(world) + 20000000;

	while (!*done && cw_now(world) < end) {
		uint64_t before = cw_now(world);

		serve_for(2000);
		if (cw_now(world) == before && !*done && cw_world_is_sim(world))
			break; /* nothing left to happen */
	}
	assert_true(*done);
}
