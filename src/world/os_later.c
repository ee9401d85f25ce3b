#include <errno.h>

#include "world/os_int.h"

void cw_curl_end(struct cw_curl *c) { (void)c; }
int cw_os_http_request(void *parent, struct cw_world *w, const struct cw_http_req *req, const struct cw_http_events *ev, void *arg,
		       struct cw_http **ret) { return ENOTSUP; }
int cw_os_ws_connect(void *parent, struct cw_world *w, const struct cw_ws_req *req, const struct cw_ws_events *ev, void *arg,
		     struct cw_ws **ret) { return ENOTSUP; }
int cw_os_ws_send(struct cw_ws *ws, enum cw_ws_kind kind, const void *bytes, size_t n) { return ENOTSUP; }
void cw_os_ws_close(struct cw_ws *ws, unsigned code, const char *reason) { }
size_t cw_os_ws_queued(const struct cw_ws *ws) { return 0; }
int cw_os_ws_accept(void *parent, struct cw_exchange *x, const struct cw_ws_limits *limits, const struct cw_ws_events *ev, void *arg,
		    struct cw_ws **ret) { return ENOTSUP; }
int cw_os_listen(void *parent, struct cw_world *w, const struct cw_listen_conf *conf, const struct cw_routes *routes, void *arg,
		 struct cw_listener **ret, struct cw_why *why) { return ENOTSUP; }
unsigned cw_os_listener_port(const struct cw_listener *l) { return 0; }
int cw_os_reply(struct cw_exchange *x, int status, const struct cw_header *headers, size_t n_headers, const void *body, size_t len) { return ENOTSUP; }
int cw_os_udp_open(void *parent, struct cw_world *w, const char *address, cw_udp_fn *fn, void *arg, struct cw_udp **ret) { return ENOTSUP; }
int cw_os_udp_send(struct cw_udp *u, const void *bytes, size_t n, const struct sockaddr *to) { return ENOTSUP; }
unsigned cw_os_udp_port(const struct cw_udp *u) { return 0; }
