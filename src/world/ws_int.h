/*
 * ws_int.h: a WebSocket of the real world, for os_ws.c (frames, closing) and os_ws_open.c (both sides' handshakes)
 */
#pragma once
#include "world/dial.h"
#include "world/server_int.h"
#include "world/ws_frame.h"

#define CW_WS_REST_STEP 4096

enum cw_ws_state { CW_WS_DIALLING, CW_WS_ASKING, CW_WS_OPEN, CW_WS_CLOSING, CW_WS_DEAD };

struct cw_os_ws {
	struct cw_ws base;
	enum cw_ws_state state;
	bool client;
	bool early; /* bytes came together with the handshake: in `rest` */
	struct cw_os *os;
	struct cw_conn *conn;
	struct cw_ws_events ev;
	void *arg;
	struct cw_ws_limits limits;
	struct cw_ws_reader reader;
	/* bytes of a frame (or of the server's answer) whose end has not come yet; the memory stays for the next time */
	uint8_t *rest;
	size_t rest_len, rest_cap;
	struct cw_timer timer; /* connecting, then waiting for the peer's close frame */
	struct cw_seat seat;   /* server side */
	struct cw_ws_ask *ask; /* client side until open */
};

int cw_os_ws_new(struct cw_world *w, const struct cw_ws_limits *limits, const struct cw_ws_events *ev, void *arg,
	bool client, struct cw_os_ws **ret);
/* The end, known to the owner by `closed`. @linger: let what is queued go out first. */
void cw_os_ws_finish(struct cw_os_ws *ws, int err, unsigned code, bool linger);
/* Room for at least CW_WS_REST_STEP / 2 bytes behind the rest. EMSGSIZE, ENOMEM. */
int cw_os_ws_make_room(struct cw_os_ws *ws);
/* Serve the frames in @bytes. @ws may be gone afterwards. */
void cw_os_ws_consume(struct cw_os_ws *ws, uint8_t *bytes, size_t n);
/* Client side: the server's answer, as far as it is in `rest`. @ws may be gone afterwards. */
void cw_os_ws_answer(struct cw_os_ws *ws);

extern const struct cw_conn_events cw_os_ws_conn_events;
