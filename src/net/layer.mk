noinst_LIBRARIES += src/net/libnet.a
src_net_libnet_a_SOURCES = \
	src/net/http.c src/net/http.h \
	src/net/http_call.c \
	src/net/http_err.c \
	src/net/http_impl.h \
	src/net/http_resp.c \
	src/net/http_setup.c \
	src/net/retry.c src/net/retry.h \
	src/net/tls_facts.c src/net/tls_facts.h \
	src/net/ws.c src/net/ws.h \
	src/net/ws_connect.c
