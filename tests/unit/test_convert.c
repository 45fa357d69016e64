/* Tests of engine/convert: objects of old API versions.  JSON is written with ' for ". */
#include "engine/convert.h"

#include "base/mem.h"
#include "data/jscan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct str
json(struct arena *a, const char *text)
{
	char *s = arena_strdup(a, str_of(text));

	for (char *p = s; *p; p++)
		if (*p == '\'')
			*p = '"';
	return str_of(s);
}

static void
note(void *ctx, const char *text)
{
	const char **out = ctx;

	*out = xstrdup(text);
}

struct row {
	const char *gr, *from, *to_gr, *api_version;   /* api_version: of the result */
	const char *doc, *want;                        /* without apiVersion; want NULL: dropped */
	const char *note;                              /* a part of it; NULL: none */
};

#define ING "ingresses.networking.k8s.io"
#define CRDS "customresourcedefinitions.apiextensions.k8s.io"
#define HPAS "horizontalpodautoscalers.autoscaling"
#define FLOWS "flowcontrol.apiserver.k8s.io"
#define ANY "{'openAPIV3Schema':{'type':'object','x-kubernetes-preserve-unknown-fields':true}}"

static const struct row rows[] = {
	{ "ingresses.extensions", "v1beta1", ING, "networking.k8s.io/v1",
		"{'metadata':{'annotations':{'kubernetes.io/ingress.class':'nginx'},'generation':9007199254740993},'spec':{'backend':"
		"{'serviceName':'all','servicePort':'http'},'rules':[{'host':'a.example','http':{'paths':[{'path':'/x','backend':"
		"{'serviceName':'web','servicePort':80}},{'path':'/y','pathType':'Exact','backend':{'resource':{'kind':'B','name':'b'}}}]}}]}}",
		"{'metadata':{'annotations':{'kubernetes.io/ingress.class':'nginx'},'generation':9007199254740993},'spec':{'defaultBackend':"
		"{'service':{'name':'all','port':{'name':'http'}}},'rules':[{'host':'a.example','http':{'paths':[{'path':'/x','backend':"
		"{'service':{'name':'web','port':{'number':80}}},'pathType':'ImplementationSpecific'},{'path':'/y','pathType':'Exact',"
		"'backend':{'resource':{'kind':'B','name':'b'}}}]}}]}}", NULL },
	{ ING, "v1beta1", ING, "networking.k8s.io/v1", "{'spec':{'tls':[{'hosts':['a']}],'rules':[{'host':'a'}]}}",
		"{'spec':{'tls':[{'hosts':['a']}],'rules':[{'host':'a'}]}}", NULL },
	{ "ingressclasses.networking.k8s.io", "v1beta1", "ingressclasses.networking.k8s.io", "networking.k8s.io/v1",
		"{'spec':{'controller':'x/y','parameters':{'kind':'K','name':'n'}}}",
		"{'spec':{'controller':'x/y','parameters':{'kind':'K','name':'n','scope':'Cluster'}}}", NULL },
	{ "networkpolicies.extensions", "v1beta1", "networkpolicies.networking.k8s.io", "networking.k8s.io/v1",
		"{'spec':{'podSelector':{}}}", "{'spec':{'podSelector':{}}}", NULL },
	{ "deployments.extensions", "v1beta1", "deployments.apps", "apps/v1",
		"{'spec':{'rollbackTo':{'revision':0},'template':{'metadata':{'labels':{'a':'b'}}}}}",
		"{'spec':{'template':{'metadata':{'labels':{'a':'b'}}},'selector':{'matchLabels':{'a':'b'}}}}", NULL },
	{ "statefulsets.apps", "v1beta2", "statefulsets.apps", "apps/v1",
		"{'spec':{'selector':{'matchLabels':{'c':'d'}},'template':{'metadata':{'labels':{'c':'d','e':'f'}}}}}",
		"{'spec':{'selector':{'matchLabels':{'c':'d'}},'template':{'metadata':{'labels':{'c':'d','e':'f'}}}}}", NULL },
	{ "daemonsets.extensions", "v1beta1", "daemonsets.apps", "apps/v1",
		"{'spec':{'templateGeneration':3,'selector':{'matchLabels':{'c':'d'}}}}", "{'spec':{'selector':{'matchLabels':{'c':'d'}}}}",
		NULL },
	{ "replicasets.apps", "v1beta1", "replicasets.apps", "apps/v1", "{'spec':{'selector':{'matchLabels':{'c':'d'}}}}",
		"{'spec':{'selector':{'matchLabels':{'c':'d'}}}}", NULL },
	{ "cronjobs.batch", "v1beta1", "cronjobs.batch", "batch/v1", "{'spec':{'schedule':'* * * * *'}}",
		"{'spec':{'schedule':'* * * * *'}}", NULL },
	{ "poddisruptionbudgets.policy", "v1beta1", "poddisruptionbudgets.policy", "policy/v1", "{'spec':{'selector':{},'minAvailable':1}}",
		"{'spec':{'minAvailable':1}}", "empty selector" },
	{ "poddisruptionbudgets.policy", "v1beta1", "poddisruptionbudgets.policy", "policy/v1",
		"{'spec':{'selector':{'matchLabels':{'a':'b'}}}}", "{'spec':{'selector':{'matchLabels':{'a':'b'}}}}", NULL },
	{ HPAS, "v2beta1", HPAS, "autoscaling/v2",
		"{'metadata':{'annotations':{'autoscaling.alpha.kubernetes.io/behavior':'{\\'ScaleUp\\':{\\'SelectPolicy\\':\\'Max\\',"
		"\\'Policies\\':[{\\'Type\\':\\'Pods\\',\\'Value\\':4}]},\\'ScaleDown\\':null}'}},'spec':{'metrics':["
		"{'type':'Resource','resource':{'name':'cpu','targetAverageUtilization':80}},"
		"{'type':'Pods','pods':{'metricName':'hits','targetAverageValue':'1k'}},"
		"{'type':'Object','object':{'metricName':'r','target':{'kind':'S','name':'s'},'targetValue':'10'}},"
		"{'type':'Object','object':{'metricName':'r','target':{'kind':'S','name':'s'},'targetValue':'0','averageValue':'3'}},"
		"{'type':'External','external':{'metricName':'q','metricSelector':{'matchLabels':{'a':'b'}},'targetValue':'30'}}]}}",
		"{'metadata':{'annotations':{}},'spec':{'metrics':["
		"{'type':'Resource','resource':{'name':'cpu','target':{'averageUtilization':80,'type':'Utilization'}}},"
		"{'type':'Pods','pods':{'metric':{'name':'hits'},'target':{'averageValue':'1k','type':'AverageValue'}}},"
		"{'type':'Object','object':{'describedObject':{'kind':'S','name':'s'},'metric':{'name':'r'},"
		"'target':{'value':'10','type':'Value'}}},"
		"{'type':'Object','object':{'describedObject':{'kind':'S','name':'s'},'metric':{'name':'r'},"
		"'target':{'averageValue':'3','type':'AverageValue'}}},"
		"{'type':'External','external':{'metric':{'name':'q','selector':{'matchLabels':{'a':'b'}}},"
		"'target':{'value':'30','type':'Value'}}}],'behavior':{'scaleUp':{'selectPolicy':'Max','policies':[{'type':'Pods',"
		"'value':4}]},'scaleDown':null}}}", NULL },
	{ HPAS, "v2beta2", HPAS, "autoscaling/v2", "{'spec':{'metrics':[{'type':'Resource','resource':{'name':'cpu','target':"
		"{'type':'Utilization','averageUtilization':80}}}]}}", "{'spec':{'metrics':[{'type':'Resource','resource':{'name':'cpu',"
		"'target':{'type':'Utilization','averageUtilization':80}}}]}}", NULL },
	{ "endpointslices.discovery.k8s.io", "v1beta1", "endpointslices.discovery.k8s.io", "discovery.k8s.io/v1",
		"{'addressType':'IP','endpoints':[{'addresses':['1.2.3.4'],'topology':{'kubernetes.io/hostname':'n1',"
		"'topology.kubernetes.io/zone':'z1','other':'x'}},{'addresses':['1.2.3.5'],'nodeName':'n2','topology':"
		"{'kubernetes.io/hostname':'n3'}}]}",
		"{'addressType':'IPv4','endpoints':[{'addresses':['1.2.3.4'],'nodeName':'n1','zone':'z1'},"
		"{'addresses':['1.2.3.5'],'nodeName':'n2'}]}", NULL },
	{ CRDS, "v1beta1", CRDS, "apiextensions.k8s.io/v1",
		"{'spec':{'group':'example.com','version':'v1','preserveUnknownFields':false,'validation':{'openAPIV3Schema':{'properties':"
		"{'spec':{'type':'object','properties':{'n':{'type':'integer'}}}}}},'subresources':{'status':{}},"
		"'additionalPrinterColumns':[{'name':'N','JSONPath':'.spec.n','type':'integer'}]}}",
		"{'spec':{'group':'example.com','versions':[{'served':true,'storage':true,'name':'v1','schema':{'openAPIV3Schema':"
		"{'type':'object','properties':{'spec':{'type':'object','properties':{'n':{'type':'integer'}}}}}},'subresources':"
		"{'status':{}},'additionalPrinterColumns':[{'name':'N','type':'integer','jsonPath':'.spec.n'}]}]}}", NULL },
	{ CRDS, "v1beta1", CRDS, "apiextensions.k8s.io/v1",        /* pruned nothing; schema per version, none, not structural */
		"{'spec':{'group':'x.k8s.io','version':'v1','versions':[{'name':'v1','schema':{'openAPIV3Schema':{'type':'object',"
		"'properties':{'a':{'type':'string'}}}}},{'name':'v2'},{'name':'v3','schema':{'openAPIV3Schema':{'properties':{'a':{}}}}}],"
		"'conversion':{'strategy':'Webhook','webhookClientConfig':{'service':{'name':'s','namespace':'n'}},"
		"'conversionReviewVersions':['v1']}}}",
		"{'metadata':{'annotations':{'api-approved.kubernetes.io':'unapproved, was defined in apiextensions.k8s.io/v1beta1'}},"
		"'spec':{'group':'x.k8s.io','versions':[{'name':'v1','schema':{'openAPIV3Schema':{'type':'object',"
		"'properties':{'a':{'type':'string'}},'x-kubernetes-preserve-unknown-fields':true}}},{'name':'v2','schema':" ANY "},"
		"{'name':'v3','schema':" ANY "}],'conversion':{'strategy':'Webhook','webhook':{'clientConfig':{'service':{'name':'s',"
		"'namespace':'n'}},'conversionReviewVersions':['v1']}}}}", "not structural" },
	{ CRDS, "v1beta1", CRDS, "apiextensions.k8s.io/v1", "{'spec':{'group':'e.com','versions':[{'name':'v1'}],'conversion':"
		"{'strategy':'None','conversionReviewVersions':['v1']}}}", "{'spec':{'group':'e.com','versions':[{'name':'v1','schema':" ANY
		"}],'conversion':{'strategy':'None'}}}", NULL },
	{ "prioritylevelconfigurations." FLOWS, "v1beta2", "prioritylevelconfigurations." FLOWS, FLOWS "/v1",
		"{'spec':{'type':'Limited','limited':{'assuredConcurrencyShares':7}}}",
		"{'spec':{'type':'Limited','limited':{'nominalConcurrencyShares':7}}}", NULL },
	{ "prioritylevelconfigurations." FLOWS, "v1beta3", "prioritylevelconfigurations." FLOWS, FLOWS "/v1",
		"{'spec':{'limited':{'nominalConcurrencyShares':0}}}", "{'spec':{'limited':{}}}", NULL },
	{ "prioritylevelconfigurations." FLOWS, "v1beta3", "prioritylevelconfigurations." FLOWS, FLOWS "/v1",
		"{'metadata':{'annotations':{'flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares':''}},"
		"'spec':{'limited':{'nominalConcurrencyShares':0}}}",
		"{'metadata':{'annotations':{}},'spec':{'limited':{'nominalConcurrencyShares':0}}}", NULL },
	{ "flowschemas." FLOWS, "v1beta1", "flowschemas." FLOWS, FLOWS "/v1", "{'spec':{}}", "{'spec':{}}", NULL },
	{ "runtimeclasses.node.k8s.io", "v1alpha1", "runtimeclasses.node.k8s.io", "node.k8s.io/v1",
		"{'spec':{'runtimeHandler':'runsc','overhead':{'podFixed':{'cpu':'1'}}}}", "{'handler':'runsc','overhead':{'podFixed':{'cpu':'1'}}}",
		NULL },
	{ "validatingwebhookconfigurations.admissionregistration.k8s.io", "v1beta1",
		"validatingwebhookconfigurations.admissionregistration.k8s.io", "admissionregistration.k8s.io/v1",
		"{'webhooks':[{'name':'a.b.c','sideEffects':'Unknown','failurePolicy':'Fail'}]}",
		"{'webhooks':[{'name':'a.b.c','sideEffects':'None','failurePolicy':'Fail','matchPolicy':'Exact','timeoutSeconds':30,"
		"'admissionReviewVersions':['v1beta1']}]}", "dry runs" },
	{ "certificatesigningrequests.certificates.k8s.io", "v1beta1", "certificatesigningrequests.certificates.k8s.io",
		"certificates.k8s.io/v1", "{'spec':{'request':'x'}}", NULL, "request the certificate anew" },
	{ "rolebindings.rbac.authorization.k8s.io", "v1beta1", "rolebindings.rbac.authorization.k8s.io",
		"rbac.authorization.k8s.io/v1", "{'subjects':[]}", "{'subjects':[]}", NULL },
};

static void
check_row(size_t i)
{
	const struct row *r = &rows[i];
	AUTO_ARENA struct arena a = ARENA_INIT;
	const struct conversion *cv = convert_find(str_of(r->gr), str_of(r->from));
	struct jnode *obj = jnode_open(&a, json(&a, r->doc));
	AUTO_FREE char *told = NULL;
	bool kept;

	if (cv == NULL)
		fail_msg("row %zu: no conversion of %s %s", i, r->gr, r->from);
	assert_string_equal(cv->to_gr, r->to_gr);
	kept = convert_object(cv, obj, note, &told);
	if ((r->note == NULL) != (told == NULL) || (told != NULL && strstr(told, r->note) == NULL))
		fail_msg("row %zu: told '%s' instead of '%s'", i, told ? told : "nothing", r->note ? r->note : "nothing");
	assert_int_equal(kept, r->want != NULL);
	if (!kept)
		return;
	if (!jnode_is_text(jnode_get(obj, "apiVersion"), r->api_version))
		fail_msg("row %zu: apiVersion is not %s", i, r->api_version);
	(void)jnode_del(obj, "apiVersion");
	if (!jsame(jnode_raw(obj), json(&a, r->want)))
		fail_msg("row %zu: " STR_FMT, i, STR_ARG(jnode_raw(obj)));
}

static void
objects_are_converted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(i);
}

/* A converted object converted again, by who does not look at its version, stays what it is. */
static void
conversions_leave_converted_objects_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_ARENA struct arena a = ARENA_INIT;
		const struct conversion *cv = convert_find(str_of(rows[i].gr), str_of(rows[i].from));
		struct jnode *obj = jnode_open(&a, json(&a, rows[i].doc));
		AUTO_FREE char *told = NULL, *again = NULL;
		struct str once;

		/* These read the absence of a field that conversion takes away. */
		if (rows[i].want == NULL || strcmp(rows[i].gr, CRDS) == 0 || strstr(rows[i].doc, "preserve-zero") != NULL)
			continue;
		assert_true(convert_object(cv, obj, note, &told));
		once = jnode_raw(obj);
		obj = jnode_open(&a, once);
		assert_true(convert_object(cv, obj, note, &again));
		assert_true(jsame(once, jnode_raw(obj)));
		assert_null(again);
	}
}

static void
the_table_is_sound(void **state)
{
	const struct conversion *cv;

	(void)state;
	for (size_t i = 0; (cv = convert_at(i)) != NULL; i++) {
		assert_ptr_equal(convert_find(str_of(cv->gr), str_of(cv->from)), cv);        /* no row twice */
		assert_null(convert_find(str_of(cv->to_gr), str_of(cv->to)));                /* no chains */
		assert_null(convert_dropped(str_of(cv->gr)));
	}
	assert_null(convert_find(S("configmaps"), S("v1")));
	assert_non_null(convert_dropped(S("podsecuritypolicies.policy")));
	assert_null(convert_dropped(S("pods")));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_are_converted),
		cmocka_unit_test(conversions_leave_converted_objects_alone),
		cmocka_unit_test(the_table_is_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
