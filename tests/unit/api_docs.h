/* Documents of an API server as string literals, for scripted servers in tests. */
#ifndef ORLOP_TESTS_UNIT_API_DOCS_H
#define ORLOP_TESTS_UNIT_API_DOCS_H

/* Aggregated discovery: DISCOVERY(GROUP("apps", TYPE(...) "," TYPE(...)) "," ...); the core group has the name "". */
#define DISCOVERY_MEDIA "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
#define DISCOVERY(groups) "{\"kind\":\"APIGroupDiscoveryList\",\"apiVersion\":\"apidiscovery.k8s.io/v2\",\"items\":[" groups "]}"
#define GROUP(name, types) "{\"metadata\":{\"name\":\"" name "\"},\"versions\":[{\"version\":\"v1\",\"resources\":[" types \
	"],\"freshness\":\"Current\"}]}"
/* scope: "Namespaced" or "Cluster". */
#define TYPE(plural, kind, scope) "{\"resource\":\"" plural "\",\"responseKind\":{\"group\":\"\",\"version\":\"\"," \
	"\"kind\":\"" kind "\"},\"scope\":\"" scope "\",\"singularResource\":\"\"," \
	"\"verbs\":[\"create\",\"delete\",\"get\",\"list\",\"patch\"]}"

#define STATUS(reason, message) "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"reason\":\"" reason \
	"\",\"message\":\"" message "\"}"

#endif
