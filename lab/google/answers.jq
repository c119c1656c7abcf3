# Every answer of the stand-in: a stream of {path, body}, made from a world (common.jq says what that is).
# The path is the API's name in GoogleService, then the URL's path. `@N` is the page that a page token asks for.
include "projects";
include "hub";
include "container";
include "compute";
include "network";
include "onprem";

project_answers, hub_answers, container_answers, compute_answers, network_answers, onprem_answers
