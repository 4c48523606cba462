rootProject.name = "main"
