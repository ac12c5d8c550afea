// Reads a Compose file with the library by which `docker compose config` reads it, and prints the services of
// these profiles: compose-go FILE [PROFILE ...]. It needs no Docker.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	options, err := cli.NewProjectOptions(os.Args[1:2], cli.WithProfiles(os.Args[2:]))
	exitAt(err)
	project, err := options.LoadProject(context.Background())
	exitAt(err)
	fmt.Println(strings.Join(project.ServiceNames(), "\n"))
}

func exitAt(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
