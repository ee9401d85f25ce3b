#include "cmd/cmd.h"
#include "cmd/verbs.h"

/*
 * The script asks the program itself: `COMMAND --help` lists the options, so that completion cannot fall behind.
 */
static const char script[] =
	"_callwright() {\n"
	"  local cur=${COMP_WORDS[COMP_CWORD]} cmd=${COMP_WORDS[1]}\n"
	"  if [ \"$COMP_CWORD\" = 1 ]; then\n"
	"    COMPREPLY=($(compgen -W \"$(callwright --help | awk '/^  [a-z]/ {print $1}') --help --version\" -- \"$cur\"))\n"
	"  elif [[ $cur == -* ]]; then\n"
	"    COMPREPLY=($(compgen -W \"$(callwright \"$cmd\" --help | grep -oE -- '--[a-z-]+')\" -- \"$cur\"))\n"
	"  else\n"
	"    case $cmd in\n"
	"      agent) COMPREPLY=($(compgen -W check -- \"$cur\") $(compgen -f -- \"$cur\")) ;;\n"
	"      config) COMPREPLY=($(compgen -W 'check show example' -- \"$cur\")) ;;\n"
	"      standin) COMPREPLY=($(compgen -W twilio -- \"$cur\")) ;;\n"
	"      *) COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"
	"    esac\n"
	"  fi\n"
	"}\n"
	"complete -o filenames -F _callwright callwright\n";

static int run(const struct cw_command *cmd, int argc, char **argv)
{
	const struct cw_opt opts[] = {{0}};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc);
	size_t n;
	int exit_code;

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	if (n != 1 || strcmp(args[0], "bash") != 0) {
		fprintf(stderr, "callwright completion: say: callwright completion bash\n");
		return CW_EXIT_USAGE;
	}
	fputs(script, stdout);
	return CW_EXIT_OK;
}

const struct cw_command cw_cmd_completion = {
	.name = "completion",
	.summary = "print the shell completion (bash)",
	.usage = "callwright completion bash",
	.details =
		"Examples:\n  source <(callwright completion bash)\n  callwright completion bash > /etc/bash_completion.d/callwright\n",
	.run = run,
};
