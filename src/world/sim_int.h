/*
 * sim_int.h: the simulated world's event queue, shared by sim.c, sim_net.c, sim_ws.c and sim_proc.c
 */
#pragma once
#include "world/sim.h"
#include "world/world_int.h"

struct sim_listener;
struct sim_udp;

typedef void sim_fn(void *arg);

/* Something that will happen: @fn at (at_us, seq). Owned by the simulation; cancelled ones are dropped when their turn comes. */
struct sim_event {
	uint64_t at_us;
	uint64_t seq;
	sim_fn *fn;
	sim_fn *drop; /* called instead of fn when cancelled with sim_event_cancel(…) or the world ends; may be NULL */
	void *arg;
	struct sim_event *next_free;
	bool cancelled;
};

struct sim {
	struct cw_world world; /* first */
	struct cw_sim_conf conf;
	uint64_t now_us;
	struct sim_event **heap; /* 1-based binary heap */
	size_t heap_n, heap_cap;
	struct sim_event *free_events;
	struct sim_listener *listeners; /* linked by address */
	struct sim_udp *sockets;
	unsigned next_port;
	unsigned faults[CW_FAULT_N];
	uint64_t digest;
	struct cw_rng net_rng; /* streams of their own, so that a new timer user does not shift network delays */
	struct cw_rng fault_rng;
	bool ending;
	const void *serving; /* the handle whose handlers run now; NULL once one of them freed it */
};

static inline struct sim *sim_of(struct cw_world *w)
{
	return (struct sim *)w;
}

/* Schedule; NULL when out of memory. */
struct sim_event *sim_at(struct sim *s, uint64_t delay_us, sim_fn *fn, sim_fn *drop, void *arg);
/* Forget it: neither fn nor drop is called. */
void sim_event_cancel(struct sim_event *e);

uint64_t sim_delay(struct sim *s, const struct cw_sim_delay *d);
/* Does @kind strike at the await point @label? Draws only when its probability is above zero and the label is selected. */
bool sim_fault(struct sim *s, enum cw_sim_fault kind, const char *label);
uint64_t sim_late(struct sim *s);                      /* 0.5 … 8 s */
void sim_garble(struct sim *s, char *bytes, size_t n); /* replace some bytes */

/* ---- sim_net.c ---- */

int sim_http_request(void *parent, struct cw_world *w, const struct cw_http_req *req, const struct cw_http_events *ev,
	void *arg, struct cw_http **ret);
int sim_listen(void *parent, struct cw_world *w, const struct cw_listen_conf *conf, const struct cw_routes *routes,
	void *arg, struct cw_server **ret, struct cw_why *why);
unsigned sim_server_port(const struct cw_server *l);
int sim_reply(struct cw_exchange *x, int status, const struct cw_header *headers, size_t n_headers, const void *body,
	size_t len);

int sim_reply_begin(struct cw_exchange *x, int status, const struct cw_header *headers, size_t n_headers);
int sim_reply_more(struct cw_exchange *x, const void *bytes, size_t n);
int sim_reply_end(struct cw_exchange *x);
void sim_reply_break(struct cw_exchange *x);

/* The answering half of a request: an HTTP client or a WebSocket that wants to open. */
struct sim_asker {
	void (*replied)(
		void *asker, int status, const struct cw_header *headers, size_t n, const void *body, size_t len);
	/* An answer in pieces; NULL for a WebSocket, which has no use for a body. */
	void (*began)(void *asker, int status, const struct cw_header *headers, size_t n);
	void (*piece)(void *asker, const void *bytes, size_t n);
	void (*ended)(void *asker, bool whole);
};
struct sim_exchange {
	struct cw_exchange x; /* first */
	const struct sim_asker *how;
	void *asker;                      /* NULL: gone */
	struct sim_exchange **asker_link; /* the asker's pointer to us, to be cleared when we go */
	bool upgrade;
	bool answered;
};
/* Hand a request to whoever listens at @host:@port now: the exchange goes to its routes. ECONNREFUSED when nobody does. */
struct sim_request {
	const char *method, *host, *path, *query;
	unsigned port;
	const struct cw_header *headers;
	size_t n_headers;
	const void *body;
	size_t body_len;
	bool tls, upgrade;
};
int sim_deliver_request(struct sim *s, const struct sim_request *r, const struct sim_asker *how, void *asker,
	struct sim_exchange **link);
bool sim_host_ok(const char *host); /* numeric or localhost: nothing else resolves here */

/* ---- sim_ws.c ---- */

int sim_ws_connect(void *parent, struct cw_world *w, const struct cw_ws_req *req, const struct cw_ws_events *ev,
	void *arg, struct cw_ws **ret);
int sim_ws_send(struct cw_ws *ws, enum cw_ws_kind kind, const void *bytes, size_t n);
void sim_ws_close(struct cw_ws *ws, unsigned code, const char *reason);
size_t sim_ws_queued(const struct cw_ws *ws);
int sim_ws_accept(void *parent, struct cw_exchange *x, const struct cw_ws_limits *limits, const struct cw_ws_events *ev,
	void *arg, struct cw_ws **ret);

/* ---- sim_udp.c ---- */

int sim_udp_open(void *parent, struct cw_world *w, const char *address, cw_udp_fn *fn, void *arg, struct cw_udp **ret);
int sim_udp_send(struct cw_udp *u, const void *bytes, size_t n, const struct sockaddr *to);
unsigned sim_udp_port(const struct cw_udp *u);
unsigned sim_free_port(struct sim *s);

/* ---- sim_proc.c ---- */

int sim_proc_open(void *parent, struct cw_world *w, const struct cw_proc_conf *conf, const struct cw_proc_events *ev,
	void *arg, struct cw_proc **ret);
