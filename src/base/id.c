#include "base/id.h"

static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void base32(uint64_t v, char *out, int n)
{
	for (int i = n - 1; i >= 0; i--) {
		out[i] = crockford[v & 31];
		v >>= 5;
	}
}

void cw_id_make(int64_t wall_us, struct cw_rng *rng, char out[CW_ID_LEN + 1])
{
	uint64_t ms = wall_us > 0 ? (uint64_t)wall_us / 1000 : 0;

	base32(ms & ((UINT64_C(1) << 48) - 1), out, 10);
	base32(cw_rng_u64(rng) >> 24, out + 10, 8);
	base32(cw_rng_u64(rng) >> 24, out + 18, 8);
	out[CW_ID_LEN] = 0;
}

void cw_id_hex(struct cw_rng *rng, char *out, unsigned n)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < n; i++) {
		if (i % 16 == 0)
			v = cw_rng_u64(rng);
		out[i] = "0123456789abcdef"[v & 15];
		v >>= 4;
	}
	out[n] = 0;
}
