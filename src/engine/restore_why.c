/* What a user can do about an API server's refusal. */
#include "engine/restore_impl.h"

#include "base/mem.h"

#include <string.h>

/* The first row whose words are all in the message.  The words are the API server's own (Kubernetes 1.20 to 1.35). */
static const struct {
	const char *words[2];
	const char *hint;
} hints[] = {
	{ { "exceeded quota" },
		"raise the quota or make room, then restore again: what is there is left as it is" },
	{ { "admission webhook", "denied the request" },
		"change what the webhook objects to (--resource-modifiers), or remove the webhook, then restore again" },
	{ { "failed calling webhook" },
		"the webhook does not answer: start what it points to or delete its configuration, then restore again" },
	{ { "because it is being terminated" },
		"restore again when the namespace is gone" },
	{ { "unable to create new content in namespace" },
		"restore again when the namespace is gone" },
	{ { "error looking up service account" },
		"restore or create the service account first, then restore again" },
	{ { "no PriorityClass with name" },
		"restore or create the priority class first, then restore again" },
	{ { "violates PodSecurity" },
		"allow it by the namespace's pod-security labels, or change the pod (--resource-modifiers)" },
	{ { "ValidatingAdmissionPolicy" },
		"change what the policy objects to (--resource-modifiers), or the policy, then restore again" },
	{ { "cannot create resource" },
		"have the missing right given to you; 'orlop cluster check' lists what a restore needs" },
	{ { "cannot patch resource" },
		"have the missing right given to you; 'orlop cluster check' lists what a restore needs" },
	{ { "cannot update resource" },
		"have the missing right given to you; 'orlop cluster check' lists what a restore needs" },
	{ { "cannot get resource" },
		"have the missing right given to you; 'orlop cluster check' lists what a restore needs" },
	{ { "provided port is already allocated" },
		"another service has the port: free it, or restore without --preserve-nodeports" },
	{ { "the cluster has no such type" },
		"install what defines it (a CRD, an API service) or restore the definition, then restore again" },
	{ { "the cluster serves it as" },
		"--any-version sends it under the version that the cluster prefers" },
	{ { "its finalizers" },
		"let what they belong to do its work, or take them out of the object, then restore again" },
	{ { "being deleted" },
		"restore again when it is gone" },
	{ { "--yes-really" },
		"make sure first that what would be lost is stored elsewhere" },
	{ { EXISTS_AND_DIFFERS },
		"--existing-resource-policy update, apply or recreate changes it" },
	{ { "Apply failed with" },
		"agree with the manager that is named, or --existing-resource-policy update overrules it" },
	{ { "cannot delete resource" },
		"have the missing right given to you; 'orlop cluster check' lists what a restore needs" },
	{ { "field is immutable" },
		"--existing-resource-policy recreate deletes the object and creates it again" },
};

const char *
restore_hint(const struct err *why)
{
	for (size_t i = 0; i < COUNT(hints); i++) {
		const char *second = hints[i].words[1];

		if (strstr(why->msg, hints[i].words[0]) != NULL && (second == NULL || strstr(why->msg, second) != NULL))
			return hints[i].hint;
	}
	if (why->kind == EK_INVALID)
		return "--resource-modifiers can change what the cluster does not accept";
	return err_info(why->kind)->hint[0] != '\0' ? err_info(why->kind)->hint : NULL;
}

void
restore_tell(struct restore *rs, enum result_level l, const char *ns, const char *resource, const char *name,
	const struct err *why)
{
	report_finding(rs->r, l, ns, resource, name, restore_hint(why), "%s", why->msg);
}
