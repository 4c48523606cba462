require("fs").readFileSync("assets/logo.svg");
